import { z } from 'zod'

/** What the generator's processes and their parent say to each other over the IPC channel. */

/** Set by the generator itself, from the body and the mode of connections. */
const ownHeaders = new Set(['connection', 'content-length', 'transfer-encoding', 'keep-alive', 'upgrade'])

const headersSchema = z.record(
  z
    .string()
    .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, { error: 'expected a header name' })
    .refine((name) => !ownHeaders.has(name.toLowerCase()), { error: 'the generator sets this header itself' }),
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'expected a header value of one line' }),
)

export const requestSchema = z.object({
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
  path: z.string().startsWith('/'),
  headers: headersSchema.default({}),
  /** base64 */
  body: z.string().nullable().default(null),
  weight: z.number().nonnegative().default(1),
  expect: z
    .object({
      /** none: any below 400 */
      status: z.array(z.number().int()).default([]),
      bodyIncludes: z.string().nullable().default(null),
    })
    .default({ status: [], bodyIncludes: null }),
})
export type RequestSpec = z.infer<typeof requestSchema>

export const loadOptionsSchema = z.object({
  url: z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' }),
  protocol: z.enum(['http/1.1', 'h2']).default('http/1.1'),
  requests: z
    .array(requestSchema)
    .min(1)
    .refine((requests) => requests.some(({ weight }) => weight > 0), { error: 'expected a weight above 0' }),
  /** kept, and each used by one request at a time (of h2: up to a hundred) */
  connections: z.number().int().positive().default(50),
  /** false: a new connection for every request */
  keepAlive: z.boolean().default(true),
  /** from the intended start, ms */
  timeoutMs: z.number().positive().default(10_000),
  /** requests under way at most; kept connections bound them too */
  maxInFlight: z.number().int().positive().default(2_000),
  /** requests that may wait for a free connection; more are dropped, and the phase is invalid */
  maxQueue: z.number().int().nonnegative().default(100_000),
  tls: z
    .object({
      /** PEM; null: the system's authorities */
      ca: z.string().nullable().default(null),
      verify: z.boolean().default(true),
      serverName: z.string().nullable().default(null),
    })
    .default({ ca: null, verify: true, serverName: null }),
  /** this process sends request i of a phase when i mod `of` is `index` */
  shard: z
    .object({ index: z.number().int().nonnegative(), of: z.number().int().positive() })
    .default({ index: 0, of: 1 }),
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

/** CLOCK_MONOTONIC in ns as decimal text: JSON has no integers of that size. */
const monotonicNs = z.string().regex(/^\d+$/)

export const commandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('open'), options: loadOptionsSchema, address: z.string() }),
  z.object({ type: z.literal('warm') }),
  z.object({ type: z.literal('phase'), phase: phaseSpecSchema, startNs: monotonicNs }),
  z.object({ type: z.literal('stop') }),
])
export type Command = z.infer<typeof commandSchema>

const sliceSchema = z.object({
  phase: z.number(),
  startNs: monotonicNs,
  endNs: monotonicNs,
  /** requests that the timetable asked of this process in the slice */
  planned: z.number(),
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
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('warm') }),
  /** it runs: once a second, whatever else there is to tell */
  z.object({ type: z.literal('alive') }),
  z.object({ type: z.literal('slice'), slice: sliceSchema }),
  z.object({ type: z.literal('ended'), id: z.number(), startNs: monotonicNs, endNs: monotonicNs }),
  z.object({ type: z.literal('drained'), id: z.number(), totals: totalsSchema }),
])
export type Report = z.infer<typeof reportSchema>
