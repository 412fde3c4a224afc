import {
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  type Range,
} from 'yaml'
import { type Key, planError } from './problem.ts'

/** A plan's text as plain values, and where each of them stands. */
export interface PlanDocument {
  value: unknown
  /** the value at a path of keys and indexes, or the nearest one around it that was written */
  offsetOf(path: readonly Key[]): number
  /** the key itself, for complaints about its name */
  offsetOfKey(path: readonly Key[]): number
  placeOf(offset: number): Place
}

/** Both from 1. */
export interface Place {
  line: number
  column: number
}

export const LONGEST_TEXT = 1_048_576
/** a parser's time grows faster than its input in places: a thousand requests fit, a bomb does not */
const MOST_TOKENS = 60_000
const DEEPEST = 32
const ROOT = ''

interface Places {
  values: Map<string, number>
  keys: Map<string, number>
}

/**
 * Reads YAML 1.2 or JSON into plain values. What makes YAML surprising is refused by name: tabs, tags, anchors and
 * aliases, several documents, one key twice.
 *
 * @throws PlanError that names file, line and column
 */
export function readDocument(text: string, path: string): PlanDocument {
  const lines = new LineCounter()
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const refuse = (offset: number, message: string) => planError(path, [{ ...placeOf(offset), path: [], message }])
  const start = { line: 1, column: 1, path: [] }

  if (text.length > LONGEST_TEXT)
    throw planError(path, [
      { ...start, message: `expected at most 1 MiB, got ${(text.length / 2 ** 20).toFixed(1)} MiB` },
    ])
  if (isTooMuch(text))
    throw planError(path, [
      { ...start, message: 'too long or too deeply nested for a plan; bodies go into files: body_file' },
    ])

  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Found by `plainValue`: the parser compares every key with every other.
    uniqueKeys: false,
    merge: false,
  })
  const broken = document.errors[0]
  if (broken) throw refuse(broken.pos[0], reasonOf(broken.code, broken.message))

  const places: Places = { values: new Map([[ROOT, 0]]), keys: new Map() }
  const refusals: { offset: number; message: string }[] = []
  const value = plainValue(document.contents, [], places, (node, message) => {
    refusals.push({ offset: offsetOfNode(node), message })
  })
  if (refusals.length > 0)
    throw planError(
      path,
      refusals.map(({ offset, message }) => ({ ...placeOf(offset), path: [], message })),
    )
  return {
    value,
    offsetOf: (keys) => nearestOffset(places.values, keys),
    offsetOfKey: (keys) => places.keys.get(idOf(keys)) ?? nearestOffset(places.values, keys),
    placeOf,
  }
}

/** A plan that nobody wrote into a file: complaints about it have no better place than its beginning. */
export const documentOf = (value: unknown): PlanDocument => ({
  value,
  offsetOf: () => 0,
  offsetOfKey: () => 0,
  placeOf: () => ({ line: 1, column: 1 }),
})

/** Counts without building anything. */
function isTooMuch(text: string): boolean {
  let tokens = 0
  let depth = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    if (++tokens > MOST_TOKENS || depth > DEEPEST) return true
  }
  return false
}

function plainValue(
  node: unknown,
  path: readonly Key[],
  places: Places,
  refuse: (node: unknown, message: string) => void,
): unknown {
  if (path.length > DEEPEST) {
    refuse(node, 'too deeply nested for a plan')
    return null
  }
  if (isAlias(node)) {
    refuse(node, 'aliases (*name) are not part of a plan: write the value out')
    return null
  }
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null
  const isMissing = isScalar(node) && node.source === '' // `peak:` and no more: the place is that of the key
  if (!isMissing) places.values.set(idOf(path), offsetOfNode(node))
  if (node.anchor !== undefined)
    refuse(node, 'anchors (&name) are not part of a plan: write the value out where it is used')
  if (node.tag !== undefined) refuse(node, 'tags (!name) are not part of a plan: leave it out')
  if (isScalar(node)) return typeof node.value === 'bigint' ? Number(node.value) : node.value
  if (isSeq(node)) return node.items.map((item, index) => plainValue(item, [...path, index], places, refuse))
  const entries = new Map<string, unknown>()
  for (const pair of node.items) {
    const key = keyOf(pair.key)
    if (key === null || key === '__proto__') refuse(pair.key, 'expected a plain word as key')
    else if (key === '<<') refuse(pair.key, 'merge keys (<<) are not part of a plan: write the keys out')
    else if (entries.has(key)) refuse(pair.key, `the key ${JSON.stringify(key)} stands here twice`)
    else {
      const inner = [...path, key]
      places.keys.set(idOf(inner), offsetOfNode(pair.key))
      places.values.set(idOf(inner), offsetOfNode(pair.key))
      entries.set(key, plainValue(pair.value, inner, places, refuse))
    }
  }
  return Object.fromEntries(entries)
}

/** Keys are texts, as in JSON; `8080:` is the text it is written as. */
function keyOf(node: unknown): string | null {
  if (!isScalar(node) || node.anchor !== undefined || node.tag !== undefined) return null
  if (typeof node.value === 'string') return node.value
  return node.source === undefined || node.source === '' ? null : node.source
}

const offsetOfNode = (node: unknown): number => (hasRange(node) ? node.range[0] : 0)
const hasRange = (node: unknown): node is Node & { range: Range } =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)

const idOf = (path: readonly Key[]): string => path.map((key) => JSON.stringify(key)).join(',')

function nearestOffset(offsets: ReadonlyMap<string, number>, path: readonly Key[]): number {
  for (let length = path.length; length > 0; length--) {
    const offset = offsets.get(idOf(path.slice(0, length)))
    if (offset !== undefined) return offset
  }
  return offsets.get(ROOT) ?? 0
}

const reasons: { [code in ErrorCode]?: string } = {
  TAB_AS_INDENT: 'tabs do not indent in YAML: use spaces',
  MULTIPLE_DOCS: 'expected one document, got a second (---)',
  BAD_ALIAS: 'aliases (*name) are not part of a plan: write the value out',
  ALIAS_PROPS: 'aliases (*name) are not part of a plan: write the value out',
  MULTIPLE_ANCHORS: 'anchors (&name) are not part of a plan: write the value out where it is used',
  MULTIPLE_TAGS: 'tags (!name) are not part of a plan: leave them out',
  TAG_RESOLVE_FAILED: 'tags (!name) are not part of a plan: leave them out',
  RESOURCE_EXHAUSTION: 'too deeply nested for a plan',
}

const reasonOf = (code: ErrorCode, message: string): string =>
  reasons[code] ?? `not YAML: ${message.split('\n')[0]?.replace(/:$/, '') ?? code}`
