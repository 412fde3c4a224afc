import fc from 'fast-check'
import { expect, test } from 'vitest'
import { completePlan } from '../../../audit/plan/complete.ts'
import { documentOf } from '../../../audit/plan/document.ts'
import { PlanError } from '../../../audit/plan/error.ts'
import { initPlan } from '../../../audit/plan/init.ts'
import type { Plan } from '../../../audit/plan/plan.ts'
import { timetableOf } from '../../../audit/plan/timetable.ts'
import { context, plan } from './plans.ts'

const RUNS = 500
/** a busy machine is no reason to fail */
const PATIENCE_MS = 60_000
const PLACE = /^plan\.yaml:\d+:\d+ {2}\S/

/** Runs a reader; a plan must be one that could run, a refusal must name its place. Anything else is a crash. */
function holds(read: () => Plan): void {
  let made: Plan
  try {
    made = read()
  } catch (error) {
    if (!(error instanceof PlanError)) throw error
    for (const line of error.message.split('\n')) expect(line).toMatch(/^and \d+ more$|^plan\.yaml:\d+:\d+ {2}\S/)
    expect(error.message).toMatch(PLACE)
    expect(error.message.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    return
  }
  for (const { durationMs, fromRps, toRps, requests } of timetableOf(made).rows)
    for (const number of [durationMs, fromRps, toRps, requests ?? 0]) {
      expect(Number.isFinite(number)).toBe(true)
      expect(number).toBeGreaterThanOrEqual(0)
    }
}

const readText = (text: string) => holds(() => plan(text, { path: 'plan.yaml' }))

const full = `target: { url: "https://h/a?b=c", command: [node, server.js], cwd: x, env: { A: $TOKEN }, ready: 5s, follow: true }
peak: 1000/s
load:
  driver: builtin
  protocol: h2
  connections: 50
  timeout: 10s
  headers: { x: "$TOKEN" }
  auth: { basic: { user: a, password: $TOKEN } }
  tls: { verify: false, server_name: h }
  requests:
    - { name: a, method: POST, path: /a, body: "{}", weight: 0.5, expect: { status: [200, 201], body_includes: ok } }
    - { path: /b, auth: { bearer: $TOKEN } }
phases:
  - { name: idle, duration: 1m, rate: 0 }
  - { name: up, duration: 1m, ramp: [0%, 200%], kind: stress, discard: true }
  - { name: stairs, step: { rates: [50%, 10/s], each: 30s } }
  - { name: capacity, search: { from: 100%, to: 1000%, each: 30s, precision: 5% }, thresholds: { p50: 5ms, p99: null } }
thresholds: { profile: external, p999: 1s, errors: 2% }
abort: { errors: 1%, window: 5s, min: 200 }
probes: [off-cpu, locks]
budgets: { overhead: 20%, loss: 1%, achieved: 95%, send_lag: 5ms }
interval: 1s
out: there
`

test('the plan that is broken below is sound', () => {
  expect(plan(full).phases).toHaveLength(5)
})

test(
  'no text crashes',
  () => {
    const yamlish = fc.string({ unit: fc.constantFrom(...'ab:0% -[]{},"\'#&*!|>?\n\t.<~/$@\\') })
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), yamlish), readText), { numRuns: RUNS })
  },
  PATIENCE_MS,
)

test(
  'no mutation of a plan crashes',
  () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom(
        '\n',
        '\t',
        '  ',
        '{',
        '}',
        '[',
        ']',
        ': ',
        '- ',
        '&a ',
        '*a',
        '!!x ',
        '<<: ',
        '"',
        "'",
        '|',
        '0',
        '-1',
        '1e999',
        '.nan',
        '~',
        '$',
        '\u202e',
        '---\n',
        '%',
        '500/s',
      ),
    )
    const edit = fc.record({ at: fc.nat(full.length), cut: fc.nat(12), piece })
    fc.assert(
      fc.property(
        fc.constantFrom(full, initPlan('http://h/')),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (text, edits) => {
          readText(edits.reduce((now, { at, cut, piece: put }) => now.slice(0, at) + put + now.slice(at + cut), text))
        },
      ),
      { numRuns: RUNS },
    )
  },
  PATIENCE_MS,
)

test(
  'no value in the place of another crashes',
  () => {
    const document: unknown = JSON.parse(JSON.stringify(plan(full).written))
    const places = placesIn(document)
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.oneof(fc.jsonValue(), fc.anything(), fc.bigInt()), (place, value) => {
        const changed: unknown = replaced(document, place, value)
        holds(() => completePlan(documentOf(changed), context({ path: 'plan.yaml' })))
        const json = jsonOf(changed)
        if (json !== null) readText(json)
      }),
      { numRuns: RUNS },
    )
  },
  PATIENCE_MS,
)

/** Every place in a value, the whole first. */
function placesIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))]
}

function replaced(value: unknown, [key, ...rest]: string[], by: unknown): unknown {
  if (key === undefined || typeof value !== 'object' || value === null) return by
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? replaced(item, rest, by) : item))
  return { ...value, [key]: replaced(Reflect.get(value, key), rest, by) }
}

/** null for what JSON cannot say */
function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value, null, '\t') ?? null
  } catch {
    return null
  }
}
