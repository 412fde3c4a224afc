import type { KeyPart, ResultMap, ScratchMap } from '../script/maps.ts'
import { parseFrames } from '../symbols/frames.ts'
import type { KeyValue, OpenRow, Row } from './frame.ts'
import { entry, isEntries, parseTolerant, type Tolerant, toNumber, unescapeText } from './json.ts'

/** One line of the tracer's output, understood. */
export type TracerLine =
  | { type: 'map'; name: string; data: Tolerant }
  | { type: 'text'; text: string }
  | { type: 'attached'; probes: number }
  | { type: 'lost'; events: number }
  | { type: 'helper_error'; helper: string }
  | { type: 'unknown'; text: string }

const MAPS = new Set(['map', 'hist', 'stats'])

/** Never throws: what is no record is `unknown`, blank lines are null. */
export function readLine(line: string): TracerLine | null {
  if (line.trim() === '') return null
  if (!line.startsWith('{')) return { type: 'unknown', text: line }
  let parsed: Tolerant
  try {
    parsed = parseTolerant(line)
  } catch {
    return { type: 'unknown', text: line }
  }
  const type = entry(parsed, 'type')
  const data = entry(parsed, 'data')
  if (typeof type !== 'string') return { type: 'unknown', text: line }
  if (MAPS.has(type) && isEntries(data)) {
    const [name, value] = data.entries[0] ?? ['', null]
    return { type: 'map', name, data: value }
  }
  if (type === 'printf' && typeof data === 'string') return { type: 'text', text: data }
  if (type === 'attached_probes') return { type: 'attached', probes: toNumber(entry(data, 'probes')) }
  if (type === 'lost_events') return { type: 'lost', events: toNumber(entry(data, 'events')) || 0 }
  if (type === 'helper_error')
    return { type: 'helper_error', helper: String(entry(parsed, 'helper') ?? entry(data, 'helper') ?? '') }
  return { type: 'unknown', text: line }
}

/** Rows of a printed result map; rows with the same key (see json.ts) are added up. */
export function readRows(map: ResultMap, data: Tolerant): Row[] {
  const merged = new Map<string, Row>()
  const take = (rawKey: string, value: Tolerant) => {
    const [total, count] = readValue(map, value)
    if (Number.isNaN(total) || count === 0) return
    const seen = merged.get(rawKey)
    if (seen) {
      seen.value = map.fn === 'max' ? Math.max(seen.value, total) : seen.value + total
      seen.count += count
    } else merged.set(rawKey, { key: readKey(map.key, rawKey), value: total, count })
  }
  if (map.key.length === 0) take('', data)
  else if (isEntries(data)) for (const [key, value] of data.entries) take(key, value)
  return [...merged.values()]
}

function readValue(map: ResultMap, value: Tolerant): [total: number, count: number] {
  if (map.fn === 'stats') return [toNumber(entry(value, 'total')), toNumber(entry(value, 'count'))]
  const number = toNumber(value)
  return [number, map.fn === 'count' ? number : 1]
}

/** Entries of an open-wait map. */
export function readOpen(map: ScratchMap, data: Tolerant): OpenRow[] {
  if (!isEntries(data)) return []
  return data.entries.map(([key, value]) => ({
    key: readKey(map.key, key).map(Number),
    value: map.holds === 'stack' ? parseFrames(String(value)) : toNumber(value),
  }))
}

/**
 * Takes a printed key apart. Parts are joined by commas without escaping, so the script keeps to an order that can be
 * read back: numbers first, then texts without commas, then stacks (which begin and end with a newline).
 */
export function readKey(parts: readonly KeyPart[], raw: string): KeyValue[] {
  const out: KeyValue[] = []
  // 0.22 and 0.23 escape keys with stacks twice: no newline is left, but the letters of one.
  let rest = !raw.includes('\n') && raw.includes('\\n') ? unescapeText(raw) : raw
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1
    if (part === 'stack') {
      const [stack, remainder] = last ? [rest, ''] : splitStack(rest)
      out.push(parseFrames(stack))
      rest = remainder
    } else {
      const comma = last ? -1 : rest.indexOf(',')
      const text = comma < 0 ? rest : rest.slice(0, comma)
      rest = comma < 0 ? '' : rest.slice(comma + 1)
      out.push(part === 'int' ? integer(text) : part === 'address' ? readAddress(text) : text)
    }
  }
  return out
}

/** An address of the kernel is signed on some versions and unsigned on others: signed, it is exact. */
function integer(text: string): number {
  const value = Number(text)
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(text) ? value : Number(BigInt.asIntN(64, BigInt(text)))
}

/** A 64-bit address as "0x…", exactly; what is no number stays as it is. */
function readAddress(text: string): string {
  return /^-?\d+$/.test(text) ? `0x${BigInt.asUintN(64, BigInt(text)).toString(16)}` : text
}

/** A stack is empty, or ends with a newline before the comma; frames themselves may hold commas. */
function splitStack(text: string): [stack: string, rest: string] {
  if (text.startsWith(',')) return ['', text.slice(1)]
  const end = /\n[ \t]*,/.exec(text)
  if (!end) return [text, '']
  const comma = end.index + end[0].length
  return [text.slice(0, comma - 1), text.slice(comma)]
}
