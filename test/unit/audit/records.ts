import type { HeaderRecord, PhaseRecord, RecordingRecord } from '../../../audit/recording/format.ts'

/** A header as an attach writes it. */
export const header = (changes: Partial<HeaderRecord> = {}): HeaderRecord => ({
  type: 'header',
  format: 'probe-recording',
  version: 1,
  tool: 'probe/0.1.0',
  started: '2026-11-23T15:04:05.000Z',
  clock: { realtime_ns: '1795446245000000000', monotonic_ns: '1000000000', boottime_ns: '1000000000' },
  host: { name: 'test', kernel: '6.18.0', arch: 'x86_64', cpus: 2, memory_bytes: 2 ** 30, bpftrace: '0.17.0' },
  target: {
    processes: [{ pid: 4242, starttime: 7, comm: 'api' }],
    selector: '--pid 4242',
    follow: false,
    ports: [8080],
    netns: 4026531840,
    cgroup: null,
  },
  plan: null,
  probes: [],
  sysctls: {},
  ...changes,
})

export const phase = (id: number, name: string, startUs: number, endUs?: number): PhaseRecord => ({
  type: 'phase',
  id,
  name,
  kind: name,
  start_us: startUs,
  ...(endUs === undefined ? {} : { end_us: endUs }),
})

export const note = (text: string, atUs = 0): RecordingRecord => ({ type: 'note', t_us: atUs, text })

export const ndjson = (records: readonly unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('')
