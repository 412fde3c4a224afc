import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { planSchemaText } from '../../../audit/index.ts'
import { initPlan } from '../../../audit/plan/init.ts'
import { planJsonSchema, type Schema } from '../../../audit/plan/json-schema.ts'
import { planSchema } from '../../../audit/plan/schema.ts'
import { least } from './plans.ts'
import { keeps } from './schema-check.ts'

const schema = planJsonSchema()

test('the published copy is current: npm run docs writes it', async () => {
  const published = readFileSync(join(import.meta.dirname, '../../../docs/plan.schema.json'), 'utf8')
  expect(published).toBe(await planSchemaText())
})

test('every key has a word of explanation', () => {
  const silent: string[] = []
  const visit = (one: Schema, path: string): void => {
    for (const inner of [...(one.anyOf ?? []), ...(one.oneOf ?? []), ...(one.items ? [one.items] : [])])
      visit(inner, path)
    for (const [key, inner] of Object.entries(one.properties ?? {})) {
      const at = `${path}.${key}`
      if (!inner.description && key !== 'driver') silent.push(at)
      visit(inner, at)
    }
  }
  visit(schema, 'plan')
  expect(silent).toEqual([])
})

const load = (text: string) => `${least}load: ${text}\n`
const phase = (text: string) => `target: { url: "http://h/" }\nphases: [${text}]\n`

describe('an editor says the same as probe', () => {
  test.each([
    least,
    initPlan('http://127.0.0.1:8080/'),
    '{}',
    'target: { pid: [1, 2], follow: true }\nload: { driver: none }\n',
    'target: { command: [a, b], cwd: c, env: { A: b }, ready: 5s }\n',
    load('{ driver: k6, script: a.js, args: [x], env: { A: b } }'),
    load('{ driver: jmeter, plan: a.jmx, properties: { a.b: c } }'),
    load('{ driver: follow, file: a.csv, format: k6-csv }'),
    load('{ protocol: h2, keep_alive: false, tls: { verify: false }, auth: { basic: { user: a, password: b } } }'),
    load(
      '{ requests: [{ method: POST, path: /a, headers: { x: y }, body: z, weight: 0.5, expect: { status: [200, 201] } }] }',
    ),
    phase('{ name: a, duration: 5s, rate: 0 }'),
    phase('{ name: a, duration: 5s, ramp: [0, 100%] }'),
    phase('{ name: ä b.c-d_e, step: { rates: [1/m, 2/h], each: 1m }, kind: soak }'),
    phase('{ name: a, search: { from: 1/s, to: 9/s, each: 10s, precision: 1% }, thresholds: { p99: null } }'),
    'abort: false\nthresholds: { profile: external, p999: 1s, errors: 0% }\nbudgets: { overhead: null, send_lag: 5ms }\n',
    // what both refuse
    'targets: {}\n',
    'target: { url: 5 }\n',
    'target: { url: ftp://h/ }\n',
    'peak: 100%\n',
    'peak: 100\n',
    'abort: true\n',
    'abort: { error: 1% }\n',
    'probes: []\n',
    'interval: 5\n',
    load('{ driver: zz }'),
    load('{ driver: k6 }'),
    load('{ driver: k6, script: a.js, connections: 5 }'),
    load('{ connections: 0 }'),
    load('{ connections: 1.5 }'),
    load('{ requests: [{ method: get }] }'),
    load('{ requests: [{ path: a }] }'),
    load('{ requests: [{ weight: 0 }] }'),
    load('{ headers: { "a b": c } }'),
    load('{ requests: [{ expect: { status: 99 } }] }'),
    phase('{ duration: 5s }'),
    phase('{ name: a/b, rate: 0 }'),
    phase('{ name: a..b, rate: 0 }'),
    phase('{ name: a, rate: 5 }'),
    phase('{ name: a, rate: fast }'),
    phase('{ name: a, ramp: [0] }'),
  ])('%j', (text) => {
    const value: unknown = parse(text)
    expect(keeps(schema, value)).toBe(planSchema.safeParse(value).success)
  })
})
