import { sanitizeText } from '../../probes/index.ts'
import { LIMITS } from '../limits.ts'
import { tooLarge } from '../profile/build.ts'
import { frameClass, UNKNOWN_FRAME } from '../profile/frame.ts'
import { FUNCTION, JIT_MAPPING, KERNEL_MAPPING, LINE, LOCATION, MAPPING, PROFILE, VALUE_TYPE } from './pprof-fields.ts'
import { readFields, readNumbers } from './wire.ts'

type Id = number | bigint

/** Everything of a pprof profile that its samples refer to. */
export interface PprofTables {
  strings: string[]
  /** `name` is both, e.g. `cpu/nanoseconds` */
  types: { name: string; type: string; unit: string }[]
  /** of `types`, by its type; empty when the file prefers none */
  defaultType: string
  comments: string[]
  functions: Map<Id, { name: number; systemName: number }>
  locations: Map<Id, { mapping: Id; address: Id; functions: Id[] }>
  mappings: Map<Id, number>
}

/** Comments that are kept; a few are shown. */
const MOST_COMMENTS = 100

/** Reads the tables; fields may come in any order. Throws WireError, and ProfileError `too_large` before they fill the memory. */
export function readTables(bytes: Buffer): PprofTables {
  const strings: string[] = []
  const types: { type: number; unit: number }[] = []
  const comments: number[] = []
  let defaultType = 0
  let entries = 0
  const count = (): void => {
    if (++entries > LIMITS.pprofEntries.most) throw tooLarge('pprofEntries')
  }
  const tables = { functions: new Map(), locations: new Map(), mappings: new Map() } satisfies Partial<PprofTables>
  readFields(bytes, 0, bytes.length, (field) => {
    const { number, from, to } = field
    count()
    if (number === PROFILE.defaultSampleType) defaultType = Number(field.value)
    else if (number === PROFILE.comment)
      readNumbers(bytes, field, (index) => {
        if (comments.length < MOST_COMMENTS) comments.push(Number(index))
      })
    else if (from < 0) return
    else if (number === PROFILE.strings) strings.push(bytes.toString('utf8', from, to))
    else if (number === PROFILE.sampleType) {
      const { [VALUE_TYPE.type]: type = 0, [VALUE_TYPE.unit]: unit = 0 } = numbersOf(bytes, from, to)
      types.push({ type: Number(type), unit: Number(unit) })
      if (types.length > LIMITS.pprofTypes.most) throw tooLarge('pprofTypes')
    } else if (number === PROFILE.mapping) {
      const { [MAPPING.id]: id = 0, [MAPPING.filename]: filename = 0 } = numbersOf(bytes, from, to)
      tables.mappings.set(id, Number(filename))
    } else if (number === PROFILE.function) {
      const numbers = numbersOf(bytes, from, to)
      const { [FUNCTION.id]: id = 0, [FUNCTION.name]: name = 0, [FUNCTION.systemName]: systemName = 0 } = numbers
      tables.functions.set(id, { name: Number(name), systemName: Number(systemName) })
    } else if (number === PROFILE.location) {
      const functions: Id[] = []
      const numbers = numbersOf(bytes, from, to, (nested, start, end) => {
        count()
        if (nested === LOCATION.line) functions.push(numbersOf(bytes, start, end)[LINE.function] ?? 0)
      })
      const { [LOCATION.id]: id = 0, [LOCATION.mapping]: mapping = 0, [LOCATION.address]: address = 0 } = numbers
      tables.locations.set(id, { mapping, address, functions })
    }
  })
  const text = (index: number): string => sanitizeText(strings[index] ?? '')
  return {
    ...tables,
    strings,
    types: types.map(({ type, unit }) => ({ name: `${text(type)}/${text(unit)}`, type: text(type), unit: text(unit) })),
    defaultType: text(defaultType),
    comments: comments.map(text),
  }
}

/**
 * Frame names of a location, outermost first: several where functions were inlined. Code of the kernel and of just-in-time
 * compilers gets our suffixes, as its mapping says; what has no function is named by its address.
 */
export function frameNamesOf(tables: PprofTables, intern: (name: string) => number): (id: Id) => readonly number[] {
  const { strings, functions, locations, mappings } = tables
  const known = new Map<Id, readonly number[]>()
  const nameOf = (id: Id): string => {
    const found = functions.get(id)
    return found ? strings[found.name] || strings[found.systemName] || '' : ''
  }
  return (id) => {
    const cached = known.get(id)
    if (cached) return cached
    const location = locations.get(id)
    const suffix = suffixOf(strings[mappings.get(location?.mapping ?? 0) ?? 0] ?? '')
    const address = location?.address ? `0x${location.address.toString(16)}` : UNKNOWN_FRAME
    const names = location && location.functions.length > 0 ? location.functions.map(nameOf) : ['']
    const ids = names.reverse().map((name) => intern(withSuffix(sanitizeText(name) || address, suffix)))
    known.set(id, ids)
    return ids
  }
}

const withSuffix = (name: string, suffix: string): string =>
  name === UNKNOWN_FRAME || frameClass(name) === 'user' ? `${name}${suffix}` : name

function suffixOf(filename: string): string {
  if (filename === KERNEL_MAPPING || /^\[(kernel|guest\.kernel)[\].]|vmlinux|\.ko(\.\w+)?$/.test(filename))
    return '_[k]'
  return filename === JIT_MAPPING || /(^|\/)perf-\d+\.map$/.test(filename) ? '_[j]' : ''
}

/** The number fields of a message by field number; the last of each counts. Nested fields go to `onNested`. */
function numbersOf(
  bytes: Buffer,
  from: number,
  to: number,
  onNested: (number: number, from: number, to: number) => void = () => undefined,
): Record<number, Id> {
  const numbers: Record<number, Id> = {}
  readFields(bytes, from, to, (field) => {
    if (field.from >= 0) onNested(field.number, field.from, field.to)
    // No message has more fields: what has is not filled with them.
    else if (field.number < 32) numbers[field.number] = field.value
  })
  return numbers
}
