import { gunzipSync } from 'node:zlib'
import { sanitizeText } from '../../probes/index.ts'
import { LIMITS, limitText } from '../limits.ts'
import { createReadProfile, type ProfileBuilder, tooLarge } from '../profile/build.ts'
import { ProfileError } from '../profile/error.ts'
import { UNKNOWN_FRAME } from '../profile/frame.ts'
import type { ByteSource } from '../profile/source.ts'
import { mostUnpacked, readWhole } from './bounded.ts'
import type { ReadOptions, ReadProfile } from './format.ts'
import { LABEL, PHASE_LABEL, PROFILE, SAMPLE } from './pprof-fields.ts'
import { frameNamesOf, type PprofTables, readTables } from './pprof-tables.ts'
import { type ChosenValue, chooseValue } from './pprof-value.ts'
import { readFields, readNumbers, WireError } from './wire.ts'

/**
 * Reads a pprof profile, gzipped or not. Of several values it takes the preferred one (what the file prefers, its last, or
 * what `options.value` names), with the one that counts events behind it. A label `phase` makes columns.
 */
export async function readPprof(file: ByteSource, options: ReadOptions): Promise<ReadProfile> {
  const content = await readWhole(file, 'pprofBytes')
  try {
    const isPacked = content[0] === 0x1f && content[1] === 0x8b
    return decode(isPacked ? unpack(content) : content, options)
  } catch (error) {
    if (error instanceof WireError || (error instanceof Error && isUnpacking(error)))
      throw new ProfileError('damaged', `no whole pprof profile: ${error.message}`, 'copy or download the file again')
    throw error
  }
}

function unpack(packed: Buffer): Buffer {
  const maxOutputLength = mostUnpacked(packed.length, 'pprofUnpacked')
  try {
    return gunzipSync(packed, { maxOutputLength })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')) throw error
    const times = Math.round(maxOutputLength / packed.length)
    throw new ProfileError(
      'too_large',
      `it unpacks to more than ${maxOutputLength >> 20} MiB, ${times} times its size: it is not read`,
      'a profile is not like that: have it sent again, or ask who made it',
    )
  }
}

const isUnpacking = (error: Error): boolean => 'code' in error && String(error.code).startsWith('Z_')

function decode(bytes: Buffer, options: ReadOptions): ReadProfile {
  const tables = readTables(bytes)
  const value = chooseValue(tables, options.value)
  const profile = createReadProfile(value.unit)
  const samples = readSamples(bytes, tables, value, profile)
  const dropped = [
    ...(samples.skipped > 0 ? [`${samples.skipped} samples with a negative value left out`] : []),
    ...(samples.tooDeep > 0 ? [`${samples.tooDeep} with more than ${limitText('depthOfStack')} left out`] : []),
  ]
  const others = tables.types.length > 1 ? [`the file has ${tables.types.map(({ name }) => name).join(', ')}`] : []
  return {
    profile,
    columns: profile.columns.map((key) => ({ key, label: key })),
    facts: [
      [`${samples.read} pprof samples of ${value.name}`, ...dropped, ...others].join(', '),
      ...tables.comments.slice(0, 8),
    ],
  }
}

function readSamples(bytes: Buffer, tables: PprofTables, value: ChosenValue, profile: ProfileBuilder) {
  const framesOf = frameNamesOf(tables, (name) => profile.intern(name))
  let frames = 0
  let read = 0
  let skipped = 0
  let tooDeep = 0
  const addSample = (from: number, to: number): void => {
    const stack: (readonly number[])[] = []
    const values: number[] = []
    let phase = 'all'
    let depth = 0
    readFields(bytes, from, to, (field) => {
      if (field.number === SAMPLE.location)
        readNumbers(bytes, field, (id) => {
          if (depth > LIMITS.depthOfStack.most) return
          const names = framesOf(id)
          depth += names.length
          frames += names.length
          if (frames > LIMITS.pprofFrames.most) throw tooLarge('pprofFrames')
          stack.push(names)
        })
      else if (field.number === SAMPLE.value)
        readNumbers(bytes, field, (amount) => {
          if (values.length < tables.types.length) values.push(signed(amount))
        })
      else if (field.number === SAMPLE.label && field.from >= 0)
        phase = phaseOf(bytes, field.from, field.to, tables) ?? phase
    })
    const weight = (values[value.index] ?? 0) * value.factor
    const count = value.countIndex === null ? 0 : (values[value.countIndex] ?? 0)
    if (weight < 0 || count < 0) {
      skipped++
      return
    }
    if (depth > LIMITS.depthOfStack.most) {
      tooDeep++
      return
    }
    read++
    // The leaf comes first, and an inlined function before its caller.
    let node = 0
    for (const names of stack.reverse()) for (const id of names) node = profile.child(node, id)
    if (stack.length === 0) node = profile.child(0, profile.intern(UNKNOWN_FRAME))
    profile.weigh(node, profile.column(phase), weight, count)
  }
  readFields(bytes, 0, bytes.length, (field) => {
    if (field.number === PROFILE.sample && field.from >= 0) addSample(field.from, field.to)
  })
  if (profile.columns.length === 0) profile.column('all')
  return { read, skipped, tooDeep }
}

function phaseOf(bytes: Buffer, from: number, to: number, { strings }: PprofTables): string | null {
  let key = 0
  let text = 0
  readFields(bytes, from, to, (field) => {
    if (field.number === LABEL.key) key = Number(field.value)
    else if (field.number === LABEL.text) text = Number(field.value)
  })
  const phase = strings[key] === PHASE_LABEL ? strings[text] : undefined
  return phase ? sanitizeText(phase) : null
}

/** An int64: two's complement, so what looks huge is negative. */
const signed = (value: number | bigint): number =>
  typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : value
