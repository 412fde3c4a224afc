import { z } from 'zod'
import { PEAK_OF_OTHERS, PEAK_OF_THIS_HOST } from './ceiling.ts'
import { isHost } from './host.ts'
import { PHASE_KINDS } from './phase-kind.ts'
import { count, duration, flag, HIGHEST_RPS, list, namedTexts, peak, percent, rate, text } from './words.ts'

/**
 * The plan as it is written, in YAML or JSON. This is the published form: `docs/plan.schema.json` is made of it, with the
 * descriptions that editors show. What belongs together across keys is checked in settle.ts.
 */

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** it becomes part of file names and of `--diff A..B` */
const PHASE_NAME = /^(?!.*\.\.)[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u
const PHASE_NAME_ERROR = 'expected a name of letters, digits, spaces, dots, dashes (no ..), 64 at most'

const HOST_ERROR = 'expected a host, an address or a network, like api.test, 10.1.2.3:8080 or 10.0.0.0/8'
const host = z.string({ error: HOST_ERROR }).refine(isHost, { error: HOST_ERROR })

export const PRESETS = ['quick', 'standard'] as const

const headers = namedTexts('a header name', TOKEN).describe(
  'request headers; $NAME (or with braces) in a value is taken from the environment, $$ is a dollar sign',
)

const auth = z
  .strictObject({
    bearer: text().optional().describe('token, best from the environment: $TOKEN'),
    basic: z
      .strictObject({
        user: text().describe('the user, without a colon'),
        password: text().describe('best from the environment: $PASSWORD'),
      })
      .optional()
      .describe('user and password of HTTP basic authentication'),
  })
  .describe('how requests prove who they are: bearer or basic')

const pid = count(1, 4_194_304)
const target = z
  .strictObject({
    url: text('an http:// or https:// URL')
      .regex(/^https?:\/\/[^\s#]{1,4096}$/, 'expected an http:// or https:// URL')
      .optional()
      .describe(
        'where requests go; whoever serves its port is watched unless pid, port, comm or cgroup says otherwise',
      ),
    pid: z
      .union([pid, list(pid, 'process ids', 1000)], { error: 'expected a process id, or a list of them' })
      .optional()
      .describe('process to watch, or several'),
    pids: list(pid, 'process ids', 1000).optional().describe('several processes to watch'),
    port: count(1, 65_535).optional().describe('watch whoever serves this TCP port, now and later'),
    netns: pid.optional().describe('the port is that of the network namespace of this process, where several have it'),
    comm: text()
      .min(1, 'expected a process name')
      .max(15, 'expected at most 15 characters, as the kernel keeps them')
      .optional()
      .describe('watch the processes with exactly this kernel name'),
    cgroup: text()
      .min(1, 'expected a path')
      .optional()
      .describe('watch the processes of this cgroup v2 and of those below it'),
    follow: flag.optional().describe('children too; by default only those of a command'),
    command: list(text('an argument').max(4096, 'expected at most 4096 characters'), 'a program and its arguments', 256)
      .optional()
      .describe('program to start before the first phase and to stop after the last: [node, server.js]; no shell'),
    cwd: text()
      .min(1, 'expected a folder')
      .optional()
      .describe('folder the command runs in; default: that of the plan'),
    env: namedTexts('a variable name')
      .optional()
      .describe('environment of the command, beside PATH; $NAME is taken from the environment of probe'),
    ready: duration({ maxMs: 600_000 })
      .optional()
      .describe('how long the command may take until it listens (without url: anywhere), default 10s'),
  })
  .describe('what is audited: the processes that are watched and where requests go')

const expectation = z
  .strictObject({
    status: z
      .union([count(100, 599), list(count(100, 599), 'status codes', 50)], {
        error: 'expected a status like 200, or a list of them',
      })
      .optional()
      .describe('right statuses; default: any below 400'),
    body_includes: text().min(1, 'expected a text').optional().describe('text that the body must contain'),
  })
  .describe('what counts as a right answer; anything else is an error')

const request = z.strictObject({
  name: text()
    .min(1, 'expected a name')
    .max(64, 'expected at most 64 characters')
    .optional()
    .describe('how results tell it apart, default: method and path'),
  method: z
    .enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], {
      error: 'expected GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS',
    })
    .optional()
    .describe('default: GET'),
  path: text()
    .regex(/^\/[\x21\x22\x24-\x7e]{0,8191}$/, 'expected a path that begins with / (spaces as %20, no #)')
    .optional()
    .describe('path and query; default: those of the url'),
  headers: headers.optional(),
  body: text().optional().describe('body as it is sent'),
  body_file: text().min(1, 'expected a file name').optional().describe('file with the body, relative to the plan'),
  weight: z
    .number({ error: 'expected a number above 0' })
    .positive('expected a number above 0')
    .max(1_000_000, 'expected at most 1000000')
    .optional()
    .describe('share of the load relative to the other requests, default 1'),
  auth: auth.optional(),
  expect: expectation.optional(),
})

const tls = z
  .strictObject({
    ca: text()
      .min(1, 'expected a file name')
      .optional()
      .describe('PEM file of the authorities to trust, relative to the plan; default: those of the system'),
    verify: flag.optional().describe('false takes any certificate; default true'),
    server_name: text()
      .min(1, 'expected a host name')
      .optional()
      .describe('name to ask for and to expect, where it is not that of the url'),
  })
  .describe('options of https')

const builtin = z
  .strictObject({
    driver: z.literal('builtin').optional(),
    protocol: z.enum(['http/1.1', 'h2'], { error: 'expected http/1.1 or h2' }).optional().describe('default: http/1.1'),
    connections: count(1, 100_000).optional().describe('connections that are kept open, default 50'),
    keep_alive: flag.optional().describe('false: a new connection for every request; default true'),
    timeout: duration({ maxMs: 600_000 })
      .optional()
      .describe('time for an answer from the intended start of its request, default 10s'),
    max_in_flight: count(1, 1_000_000).optional().describe('requests under way at most, default 2000'),
    max_queue: count(0, 10_000_000)
      .optional()
      .describe(
        'requests that may wait for a free connection, default 100000; more are dropped and the phase is invalid',
      ),
    workers: count(1, 256).optional().describe('processes that share the load; default: as many as the rate asks for'),
    headers: headers.optional(),
    auth: auth.optional(),
    requests: list(request, 'requests', 1000)
      .optional()
      .describe('what is sent, mixed by weight; default: GET of the url'),
    tls: tls.optional(),
  })
  .describe("probe's own open-loop generator")

const k6 = z
  .strictObject({
    driver: z.literal('k6'),
    script: text().min(1, 'expected a file name').describe('the k6 script, relative to the plan'),
    args: list(text('an argument'), 'arguments', 256).optional().describe('further arguments of k6 run'),
    env: namedTexts('a variable name')
      .optional()
      .describe('variables of the script; $NAME is taken from the environment of probe'),
  })
  .describe('k6 makes the load; its scenarios are the phases')

const jmeter = z
  .strictObject({
    driver: z.literal('jmeter'),
    plan: text().min(1, 'expected a file name').describe('the .jmx, relative to the plan'),
    properties: namedTexts('a property name')
      .optional()
      .describe('properties (-J) of the test plan; $NAME is taken from the environment of probe'),
  })
  .describe('JMeter makes the load; its thread groups are the phases')

const follow = z
  .strictObject({
    driver: z.literal('follow'),
    file: text().min(1, 'expected a file name').describe('the file that the other tool writes, relative to the plan'),
    format: z
      .enum(['k6-csv', 'k6-json', 'jtl', 'csv', 'ndjson', 'auto'], {
        error: 'expected k6-csv, k6-json, jtl, csv, ndjson or auto',
      })
      .optional()
      .describe('default: auto, found out from the content'),
  })
  .describe("somebody else's load, followed by what its tool writes")

const none = z
  .strictObject({ driver: z.literal('none') })
  .describe('no load of ours: phases by the clock or by probe mark')

const load = z
  .discriminatedUnion('driver', [builtin, k6, jmeter, follow, none], {
    error: (issue) => (issue.code === 'invalid_union' ? 'expected builtin, k6, jmeter, follow or none' : undefined),
  })
  .describe('what makes the load, and how')

const limitMs = duration({ maxMs: 600_000 }).nullable().optional()
const limits = {
  p50: limitMs.describe('limit of the median response time; null: not judged'),
  p99: limitMs.describe('limit of the 99th percentile of the response time; null: not judged'),
  p999: limitMs.describe('limit of the 99.9th percentile of the response time; null: not judged'),
  errors: percent().nullable().optional().describe('limit of the share of failed requests; null: not judged'),
}

const phase = z.strictObject({
  name: z.string({ error: PHASE_NAME_ERROR }).regex(PHASE_NAME, PHASE_NAME_ERROR).describe('how results call it'),
  kind: z
    .enum(PHASE_KINDS, { error: `expected ${PHASE_KINDS.join(', ')}` })
    .optional()
    .describe('what it is for; default: what its name begins with'),
  duration: duration({ minMs: 100 }).optional().describe('how long it lasts'),
  rate: rate.optional().describe('a constant rate: a share of peak (200%), requests/s (500/s), or 0 for idle'),
  ramp: z
    .tuple([rate, rate], { error: 'expected two rates: [0%, 200%]' })
    .optional()
    .describe('a rate that grows or falls evenly: [from, to]'),
  step: z
    .strictObject({
      rates: list(rate, 'rates', 100).describe('one phase for each'),
      each: duration({ minMs: 100 }).describe('how long each lasts'),
    })
    .optional()
    .describe('a staircase: one phase for each rate'),
  search: z
    .strictObject({
      from: rate.describe('rate that is tried first'),
      to: rate.describe('never more than this'),
      each: duration({ minMs: 1000 }).optional().describe('how long each rate is tried, default 30s'),
      precision: percent({ max: 0.5 }).optional().describe('how exactly the answer is wanted, default 5%'),
    })
    .optional()
    .describe('finds the highest rate that keeps the thresholds'),
  discard: flag.optional().describe('latencies are not judged; default: true for warmup'),
  thresholds: z
    .strictObject(limits)
    .optional()
    .describe('limits of this phase; what is not given here is as in the plan'),
})

export const planSchema = z
  .strictObject({
    $schema: text().optional().describe('where an editor finds the schema of this file'),
    target: target.optional(),
    peak: peak.optional().describe(`expected peak, requests/s, at most ${HIGHEST_RPS}/s: what percentages refer to`),
    load: load.optional(),
    preset: z
      .enum(PRESETS, { error: 'expected quick or standard' })
      .optional()
      .describe('phases ready made: quick takes a minute, standard 4 h 22 min'),
    phases: list(phase, 'phases', 1000).optional().describe('the course of the load, in order'),
    thresholds: z
      .strictObject({
        profile: z
          .enum(['internal', 'external'], { error: 'expected internal or external' })
          .optional()
          .describe('internal: p99 below 50ms (default); external: p99 below 200ms'),
        ...limits,
      })
      .optional()
      .describe('what each phase must keep'),
    abort: z
      .union(
        [
          z.literal(false),
          z.strictObject({
            errors: percent().optional().describe('share of failed requests that stops the load, default 1%'),
            window: duration({ minMs: 1000, maxMs: 600_000 }).optional().describe('over which span, default 5s'),
            min: count(1, 1_000_000).optional().describe('not before so many requests in it, default 200'),
          }),
        ],
        { error: 'expected false, or errors, window, min' },
      )
      .optional()
      .describe('when the load is stopped for errors; false: never'),
    consent: list(host, 'hosts', 100)
      .optional()
      .describe(
        'hosts that are not this one and that the load may go to: a name, an address, a network (10.0.0.0/8), with a port (host:8080) or without',
      ),
    ceiling: peak
      .optional()
      .describe(
        `highest rate that the phases may ask for, default ${PEAK_OF_OTHERS}/s of a host that is not this one, ${PEAK_OF_THIS_HOST}/s of this one`,
      ),
    probes: list(text('a probe name'), 'probe names', 100)
      .optional()
      .describe('probes to attach, as probe list shows them; default: the default ones'),
    budgets: z
      .strictObject({
        overhead: percent({ max: 100 })
          .nullable()
          .optional()
          .describe('what tracing may cost, percent of one core, default 20%; null: no limit'),
        loss: percent().optional().describe('share of the windows that may have lost something, default 5%'),
        achieved: percent().optional().describe('share of the planned requests that must be sent, default 95%'),
        send_lag: duration({ maxMs: 60_000 })
          .optional()
          .describe('lateness of the generator itself (p99); default: a tenth of the p99 limit, at least 5ms'),
      })
      .optional()
      .describe('what the measurement itself may cost; beyond, there is no verdict'),
    interval: duration({ minMs: 50, maxMs: 60_000 })
      .optional()
      .describe('length of a window at the start of a phase, default 1s; windows get longer as a phase goes on'),
    out: text()
      .min(1, 'expected a folder')
      .optional()
      .describe('folder of the results, relative to where probe runs; default: probe-audit-TIME'),
  })
  .describe('A plan of probe audit')

export type WrittenPlan = z.output<typeof planSchema>
export type WrittenPhase = z.output<typeof phase>
export type WrittenRequest = z.output<typeof request>
export type WrittenAuth = z.output<typeof auth>
export type WrittenLimits = { [key in keyof typeof limits]?: number | null | undefined }
