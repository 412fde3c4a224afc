import { ProfileError } from '../profile/error.ts'
import type { Profile } from '../profile/profile.ts'
import type { PprofTables } from './pprof-tables.ts'

/** Which of a sample's values is read, and as what. */
export interface ChosenValue {
  /** e.g. `cpu/nanoseconds` */
  name: string
  index: number
  /** the value that says how many events there were; null: unknown */
  countIndex: number | null
  unit: Profile['unit']
  /** what it is multiplied by to get that unit */
  factor: number
}

const NS: Record<string, number> = {
  nanoseconds: 1,
  ns: 1,
  microseconds: 1e3,
  us: 1e3,
  milliseconds: 1e6,
  ms: 1e6,
  seconds: 1e9,
  s: 1e9,
}

/** The value called `wanted` (`cpu` or `cpu/nanoseconds`), else the one the file prefers, else its last. */
export function chooseValue({ types, defaultType }: PprofTables, wanted: string | undefined): ChosenValue {
  if (types.length === 0)
    throw new ProfileError(
      'damaged',
      'no pprof profile: it says not what its values are',
      'give a file written by pprof',
    )
  const named = types.findIndex(({ type, name }) => wanted === type || wanted === name)
  if (wanted !== undefined && named < 0)
    throw new ProfileError(
      'no_such_value',
      `no value is called ${JSON.stringify(wanted)}`,
      `one of ${types.map(({ name }) => name).join(', ')}`,
    )
  const preferred = types.findIndex(({ type }) => type === defaultType)
  const index = named >= 0 ? named : preferred >= 0 && defaultType !== '' ? preferred : types.length - 1
  const { name = '', type = '', unit = '' } = types[index] ?? {}
  const factor = NS[unit]
  if (factor !== undefined) return { name, index, countIndex: counterOf(types, index), unit: 'ns', factor }
  if (unit !== 'count') return { name, index, countIndex: counterOf(types, index), unit: 'count', factor: 1 }
  return { name, index, countIndex: index, unit: /^samples?$/.test(type) ? 'samples' : 'count', factor: 1 }
}

/** The events behind a value stand before it, in the unit `count`. */
function counterOf(types: PprofTables['types'], index: number): number | null {
  const counter = types.findLastIndex(({ unit }, at) => at < index && unit === 'count')
  return counter >= 0 ? counter : null
}
