/** Field numbers of pprof's messages (https://github.com/google/pprof/blob/main/proto/profile.proto). */
export const PROFILE = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  strings: 6,
  timeNanos: 9,
  durationNanos: 10,
  comment: 13,
  defaultSampleType: 14,
} as const
export const VALUE_TYPE = { type: 1, unit: 2 } as const
export const SAMPLE = { location: 1, value: 2, label: 3 } as const
export const LABEL = { key: 1, text: 2 } as const
export const MAPPING = { id: 1, filename: 5, hasFunctions: 7 } as const
export const LOCATION = { id: 1, mapping: 2, address: 3, line: 4 } as const
export const LINE = { function: 1 } as const
export const FUNCTION = { id: 1, name: 2, systemName: 3 } as const

/** Label of a sample that says which phase it belongs to: `pprof -tagfocus phase=stress`. */
export const PHASE_LABEL = 'phase'

/** What stands for the mapped file of frames whose class is known. */
export const KERNEL_MAPPING = '[kernel.kallsyms]'
export const JIT_MAPPING = '[jit]'
export const USER_MAPPING = '[user]'
