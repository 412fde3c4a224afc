import { z } from 'zod'
import { histogramSchema, mergeHistograms } from './histogram.ts'

/**
 * The vocabulary of a probe's window data. Each word is a zod schema that also knows how two windows of one phase add
 * up, so that a new probe gets validation, merging and its published JSON Schema from one declaration.
 */
type Merge = (a: unknown, b: unknown) => unknown
const rules = new WeakMap<z.ZodType, Merge>()

function word<T extends z.ZodType>(schema: T, merge: (a: z.infer<T>, b: z.infer<T>) => z.infer<T>): T {
  rules.set(schema, merge as Merge)
  return schema
}

/** A number of events, bytes or ns: windows add. */
export const count = () => word(z.number(), (a, b) => a + b)
/** A highest value seen: windows keep the higher. */
export const peak = () => word(z.number(), (a, b) => Math.max(a, b))
/** A log16 histogram in ns: windows add bucket by bucket. */
export const histogram = () => word(histogramSchema, mergeHistograms)
/** What was so at the end of a window (open waits, ...): the later window replaces the earlier. */
export const latest = <T extends z.ZodType>(schema: T) => word(schema.clone() as T, (_, b) => b)
/**
 * What may be unknown in a window, and is then unknown of all that the window is added to: what the others saw would be
 * taken for the whole.
 */
export function wholeOrUnknown<T extends z.ZodType>(schema: T) {
  const nullable = schema.nullable()
  decidesNull.add(nullable)
  return word(nullable, (a, b) => (a === null || b === null ? null : merge(schema, a, b)) as z.infer<typeof nullable>)
}
const decidesNull = new WeakSet<z.ZodType>()

/** Ephemeral ports make new identities for ever: the smallest are dropped, the totals beside them are whole. */
const MOST_ROWS = 1_000

/** Rows identified by some of their keys (flows, locks): same identity adds their numbers. Those with most events are kept. */
export const rows = <T extends z.ZodType<{ count: number }[]>>(
  schema: T,
  identity: (row: z.infer<T>[number]) => string,
) =>
  word(schema.clone() as T, (a, b) => {
    const merged = new Map<string, { count: number }>()
    for (const row of [...a, ...b]) {
      const key = identity(row)
      const seen = merged.get(key)
      merged.set(key, seen ? added(seen, row) : row)
    }
    return mostRows([...merged.values()]) as z.infer<T>
  })

/** As many as a window may hold, those with most events first: a window is a line of the recording. */
export const mostRows = <T extends { count: number }>(list: readonly T[]): T[] =>
  list.toSorted((x, y) => y.count - x.count).slice(0, MOST_ROWS)

function added<Row extends object>(a: Row, b: Row): Row {
  const numbers = Object.entries(b).filter(([, value]) => typeof value === 'number')
  const sums = numbers.map(([key, value]) => [key, Number(a[key as keyof Row] ?? 0) + value])
  return { ...a, ...Object.fromEntries(sums) }
}

/** Names that a map holds at most, in one window and in all of a phase: there are some 450 system calls. */
const MOST_NAMES = 4_096

/** A map from a name (port, syscall, errno) to a word. Of more names than MOST_NAMES the first are kept. */
export const byKey = <T extends z.ZodType>(value: T) => z.record(z.string(), value)

/** Adds window `b` to `a` as `schema` says. A side that is null or absent is unknown: the other is kept as it is. */
export function mergeData<T>(schema: z.ZodType<T>, a: T, b: T): T {
  return merge(schema, a, b) as T
}

function merge(schema: z.ZodType, a: unknown, b: unknown): unknown {
  const rule = rules.get(schema)
  if (rule && decidesNull.has(schema) && a !== undefined && b !== undefined) return rule(a, b)
  if (a === null || a === undefined) return b ?? a
  if (b === null || b === undefined) return a
  if (rule) return rule(a, b)
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional)
    return merge(schema.unwrap() as z.ZodType, a, b)
  if (schema instanceof z.ZodObject) {
    const out: Record<string, unknown> = {}
    for (const [key, inner] of Object.entries(schema.shape))
      out[key] = merge(inner as z.ZodType, (a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
    return out
  }
  if (schema instanceof z.ZodRecord) {
    const out: Record<string, unknown> = { ...(a as Record<string, unknown>) }
    let room = MOST_NAMES - Object.keys(out).length
    for (const [key, value] of Object.entries(b as Record<string, unknown>)) {
      if (Object.hasOwn(out, key)) out[key] = merge(schema.valueType as z.ZodType, out[key], value)
      else if (room-- > 0) out[key] = value
    }
    return out
  }
  return b
}
