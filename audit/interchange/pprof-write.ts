import { gzipSync } from 'node:zlib'
import { frameClass, frameLabel, nodeName, UNKNOWN_FRAME } from '../profile/frame.ts'
import type { Profile } from '../profile/profile.ts'
import { columnOf } from '../profile/totals.ts'
import type { WriteOptions } from './format.ts'
import {
  FUNCTION,
  JIT_MAPPING,
  KERNEL_MAPPING,
  LABEL,
  LINE,
  LOCATION,
  MAPPING,
  PHASE_LABEL,
  PROFILE,
  SAMPLE,
  USER_MAPPING,
  VALUE_TYPE,
} from './pprof-fields.ts'
import { createMessage } from './wire.ts'

const MAPPINGS = [USER_MAPPING, KERNEL_MAPPING, JIT_MAPPING] as const

/**
 * A profile as pprof's gzipped protocol buffer. Values: the number of events, and their time where the unit is ns (events
 * alone when they are not known: the time alone). With several columns a sample carries its phase as a label: values of all
 * phases stay comparable, and every viewer of pprof files can select by label. One location a function: addresses are not
 * kept in profiles. Weights become whole numbers.
 */
export function* writePprof(profile: Profile, { title, lines, columns, value }: WriteOptions): Generator<Uint8Array> {
  const file = createMessage()
  const strings = createStrings()
  const types = valueTypes(profile, columns, value)
  for (const { type, unit } of types)
    file.message(PROFILE.sampleType, (message) => {
      message.number(VALUE_TYPE.type, strings.index(type))
      message.number(VALUE_TYPE.unit, strings.index(unit))
    })

  const locations = new Map<string, number>()
  const locationOf = (name: string): number => {
    const known = locations.get(name)
    if (known !== undefined) return known
    locations.set(name, locations.size + 1)
    return locations.size
  }
  const idOfName = new Int32Array(profile.names.length)
  const locationOfNode = (node: number): number => {
    const index = profile.nameOf[node] ?? -1
    const id = idOfName[index] || locationOf(nodeName(profile, node))
    if (index >= 0 && index < idOfName.length) idOfName[index] = id
    return id
  }
  for (const { key, label } of columns) {
    const values = types.map(({ of }) => columnOf(profile, key, profile[of]))
    for (let node = 0; node < profile.size; node++) {
      const amounts = values.map((column) => Math.round(column[node] ?? 0))
      if (amounts.every((amount) => amount <= 0)) continue
      const stack: number[] = []
      for (let at = node; at > 0; at = profile.parentOf[at] ?? 0) stack.push(locationOfNode(at))
      if (node === 0) stack.push(locationOf(UNKNOWN_FRAME))
      file.message(PROFILE.sample, (sample) => {
        sample.numbers(SAMPLE.location, stack)
        sample.numbers(
          SAMPLE.value,
          amounts.map((amount) => Math.max(0, amount)),
        )
        if (columns.length > 1)
          sample.message(SAMPLE.label, (message) => {
            message.number(LABEL.key, strings.index(PHASE_LABEL))
            message.number(LABEL.text, strings.index(label))
          })
      })
    }
  }

  for (const [index, filename] of MAPPINGS.entries())
    file.message(PROFILE.mapping, (mapping) => {
      mapping.number(MAPPING.id, index + 1)
      mapping.number(MAPPING.filename, strings.index(filename))
      mapping.number(MAPPING.hasFunctions, 1)
    })
  for (const [name, id] of locations) {
    const kind = frameClass(name)
    const mapping = kind === 'kernel' || name.endsWith('_[k]') ? 2 : kind === 'jit' ? 3 : 1
    file.message(PROFILE.location, (location) => {
      location.number(LOCATION.id, id)
      location.number(LOCATION.mapping, mapping)
      location.message(LOCATION.line, (line) => line.number(LINE.function, id))
    })
    file.message(PROFILE.function, (message) => {
      message.number(FUNCTION.id, id)
      message.number(FUNCTION.name, strings.index(frameLabel(name)))
      message.number(FUNCTION.systemName, strings.index(frameLabel(name)))
    })
  }
  const comments = [title, ...lines].map(strings.index)
  const preferred = strings.index(types.at(-1)?.type ?? '')
  for (const text of strings.all) file.text(PROFILE.strings, text)
  file.numbers(PROFILE.comment, comments)
  file.number(PROFILE.defaultSampleType, preferred)
  yield gzipSync(file.bytes())
}

interface ValueType {
  type: string
  unit: 'count' | 'nanoseconds'
  of: 'self' | 'selfCount'
}

function valueTypes(profile: Profile, columns: WriteOptions['columns'], value: string): ValueType[] {
  const type = profile.unit === 'samples' ? 'samples' : value
  const own: ValueType = { type, unit: profile.unit === 'ns' ? 'nanoseconds' : 'count', of: 'self' }
  const counted = columns.some(({ key }) => columnOf(profile, key, profile.selfCount).some((count) => count > 0))
  return profile.unit === 'ns' && counted ? [{ type: 'events', unit: 'count', of: 'selfCount' }, own] : [own]
}

/** The table of strings, whose first must be empty. */
function createStrings() {
  const all: string[] = ['']
  const indexOf = new Map<string, number>([['', 0]])
  return {
    all,
    index(text: string): number {
      const known = indexOf.get(text)
      if (known !== undefined) return known
      indexOf.set(text, all.length)
      return all.push(text) - 1
    },
  }
}
