import { z } from 'zod'

/** What the generator's process and its parent say to each other over the IPC channel. */

export const loadOptionsSchema = z.object({
  url: z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' }),
  /** appended to the origin of `url`; without it the path of `url` itself */
  path: z.string().startsWith('/').optional(),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().optional(),
  expect: z.object({ status: z.number().int().optional(), bodyIncludes: z.string().optional() }).default({}),
  /** keep-alive: so many connections, kept; per-request: a new TCP connection for every request */
  mode: z.enum(['keep-alive', 'per-request']).default('keep-alive'),
  connections: z.number().int().positive().default(50),
  /** from the intended start, ms */
  timeoutMs: z.number().positive().default(10_000),
  /** requests under way at most; in keep-alive mode the connections bound them too */
  maxInFlight: z.number().int().positive().default(2_000),
  /** requests that may wait for a free connection; more are dropped, and the phase is invalid */
  maxQueue: z.number().int().nonnegative().default(100_000),
})
export type LoadOptions = z.infer<typeof loadOptionsSchema>

const rampSchema = z.object({
  fromRps: z.number().nonnegative(),
  toRps: z.number().nonnegative(),
  durationMs: z.number().positive(),
})

export const phaseSpecSchema = z.object({
  id: z.number().int(),
  rates: rampSchema,
  /** a warm-up: the load is real, but no slice is reported */
  discard: z.boolean().default(false),
})
export type PhaseSpec = z.input<typeof phaseSpecSchema>

export const commandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('open'), options: loadOptionsSchema }),
  z.object({ type: z.literal('phase'), phase: phaseSpecSchema }),
  z.object({ type: z.literal('stop') }),
])
export type Command = z.infer<typeof commandSchema>

/** CLOCK_MONOTONIC in ns as decimal text: JSON has no integers of that size. */
const monotonicNs = z.string().regex(/^\d+$/)

const sliceSchema = z.object({
  phase: z.number(),
  startNs: monotonicNs,
  endNs: monotonicNs,
  target_rps: z.number(),
  sent: z.number(),
  done: z.number(),
  errors: z.record(z.string(), z.number()),
  in_flight: z.number(),
  queued: z.number(),
  hist: z.object({ response: z.string(), service: z.string(), send_lag: z.string() }),
  generator_cpu_us: z.number(),
})
export type WireSlice = z.infer<typeof sliceSchema>

const totalsSchema = z.object({
  planned: z.number(),
  sent: z.number(),
  done: z.number(),
  errors: z.record(z.string(), z.number()),
})
export type PhaseTotals = z.infer<typeof totalsSchema>

export const reportSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), address: z.string() }),
  z.object({ type: z.literal('failed'), message: z.string() }),
  z.object({ type: z.literal('slice'), slice: sliceSchema }),
  z.object({ type: z.literal('ended'), id: z.number(), startNs: monotonicNs, endNs: monotonicNs }),
  z.object({ type: z.literal('drained'), id: z.number(), totals: totalsSchema }),
])
export type Report = z.infer<typeof reportSchema>
