import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { demoPlan } from '../../../audit/plan/demo.ts'
import { PlanError } from '../../../audit/plan/error.ts'
import { openPlan } from '../../../audit/plan/open.ts'
import type { BuiltinLoad, Plan, PlannedRequest } from '../../../audit/plan/plan.ts'
import { planForScript } from '../../../audit/plan/script.ts'
import { plan, planWith } from './plans.ts'

const builtin = (made: Plan): BuiltinLoad => {
  if (made.load.driver !== 'builtin') throw new Error(`driver ${made.load.driver}`)
  return made.load
}
const request = (written: object, load: object = {}): PlannedRequest =>
  builtin(planWith({ preset: 'quick', load: { ...load, requests: [written] } })).requests[0]
const phases = (...written: object[]) => planWith({ phases: written }).phases

test('the least plan of the documentation', () => {
  expect(
    plan(`
target: { url: "http://127.0.0.1:8080/", pid: 4242 }
peak: 1000/s
load: { driver: builtin, connections: 50, requests: [ { method: GET, path: /, expect: { status: 200 } } ] }
phases:
  - { name: warmup, duration: 2s, rate: 100%, discard: true }
  - { name: stress, duration: 8s, rate: 200% }
thresholds: { p99: 50ms, errors: 1% }
abort: { errors: 1%, window: 5s, min: 200 }
probes: [accept-queue, syscalls, off-cpu, locks, retransmits]
`),
  ).toMatchObject({
    target: { url: 'http://127.0.0.1:8080/', select: { pids: [4242] }, follow: false, command: null },
    peakRps: 1000,
    load: {
      driver: 'builtin',
      connections: 50,
      requests: [{ name: 'GET /', method: 'GET', path: '/', expect: { status: [200], bodyIncludes: null } }],
    },
    phases: [
      { type: 'timed', name: 'warmup', kind: 'warmup', durationMs: 2000, fromRps: 1000, toRps: 1000, discard: true },
      { type: 'timed', name: 'stress', kind: 'stress', durationMs: 8000, fromRps: 2000, toRps: 2000, discard: false },
    ],
    thresholds: { p50Ms: null, p99Ms: 50, p999Ms: null, errors: 0.01 },
    abort: { errors: 0.01, windowMs: 5000, minRequests: 200 },
    probes: ['accept-queue', 'syscalls', 'off-cpu', 'locks', 'retransmits'],
  })
})

test('what a plan does not say has a default', () => {
  expect(planWith({ preset: 'quick' })).toMatchObject({
    target: { select: null, follow: false, command: null },
    load: {
      driver: 'builtin',
      protocol: 'http/1.1',
      connections: 50,
      keepAlive: true,
      timeoutMs: 10_000,
      workers: null,
      requests: [{ name: 'GET /', method: 'GET', path: '/', body: null, weight: 1, expect: { status: [] } }],
      tls: { ca: null, verify: true, serverName: null },
    },
    thresholds: { p50Ms: null, p99Ms: 50, p999Ms: null, errors: 0.01 },
    abort: { errors: 0.01, windowMs: 5000, minRequests: 200 },
    probes: null,
    budgets: { overheadPct: 20, loss: 0.05, achieved: 0.95, sendLagMs: null },
    intervalMs: 1000,
    out: null,
  })
})

test('the same plan in JSON is the same plan', () => {
  const written = {
    target: { url: 'http://h/' },
    peak: '5/s',
    phases: [{ name: 'a', duration: '1s', ramp: ['0%', '50%'] }],
  }
  const yaml = 'target:\n  url: http://h/\npeak: 5/s\nphases:\n  - name: a\n    duration: 1s\n    ramp: [0%, 50%]\n'
  expect(plan(JSON.stringify(written, null, '\t'))).toEqual(plan(yaml))
  expect(plan(JSON.stringify(written)).written).toEqual(written)
})

describe('presets', () => {
  const row = (one: Plan['phases'][number]) => [
    one.name,
    one.kind,
    one.fromRps,
    one.type === 'timed' && one.durationMs / 1000,
  ]

  test('quick takes a minute', () => {
    expect(planWith({ preset: 'quick' }).phases.map(row)).toEqual([
      ['idle', 'idle', 0, 5],
      ['warmup', 'warmup', 1000, 5],
      ['baseline', 'baseline', 1000, 15],
      ['stress', 'stress', 2000, 15],
      ['recovery', 'recovery', 100, 5],
      ['soak', 'soak', 800, 15],
    ])
  })

  test('standard is the course of the guides: 200 % for 15 minutes, 80 % for 4 hours', () => {
    expect(planWith({ preset: 'standard' }).phases.map(row)).toEqual([
      ['idle', 'idle', 0, 60],
      ['warmup', 'warmup', 1000, 30],
      ['baseline', 'baseline', 1000, 300],
      ['stress', 'stress', 2000, 900],
      ['recovery', 'recovery', 100, 60],
      ['soak', 'soak', 800, 14_400],
    ])
  })

  test('only the warm-up is not judged', () => {
    const discarded = planWith({ preset: 'standard' }).phases.filter((one) => one.type === 'timed' && one.discard)
    expect(discarded.map((one) => one.name)).toEqual(['warmup'])
  })

  test('of the command line go before the phases of the plan, and the recording says so', () => {
    const own = { phases: [{ name: 'mine', duration: '1s', rate: 0 }] }
    const made = planWith(own, { preset: 'quick' })
    expect(made.phases).toEqual(planWith({ preset: 'quick' }).phases)
    expect(made.written).toEqual({ target: { url: 'http://127.0.0.1:8080/' }, peak: '1000/s', preset: 'quick' })
  })
})

describe('phases', () => {
  test('a ramp begins and ends at its rates', () => {
    expect(phases({ name: 'up', duration: '10s', ramp: ['10%', '500/s'] })[0]).toMatchObject({
      fromRps: 100,
      toRps: 500,
    })
  })

  test('a staircase is a phase for each step, so that each is cut on its own', () => {
    expect(phases({ name: 'stairs', step: { rates: ['50%', '100%', 0], each: '30s' } })).toMatchObject([
      { name: 'stairs-1', durationMs: 30_000, fromRps: 500, toRps: 500 },
      { name: 'stairs-2', durationMs: 30_000, fromRps: 1000, toRps: 1000 },
      { name: 'stairs-3', durationMs: 30_000, fromRps: 0, toRps: 0, kind: 'idle' },
    ])
  })

  test('a search knows its bounds', () => {
    expect(phases({ name: 'capacity', search: { from: '100%', to: '10000/s', precision: '2%' } })).toEqual([
      {
        type: 'search',
        name: 'capacity',
        kind: 'stress',
        fromRps: 1000,
        toRps: 10_000,
        stepMs: 30_000,
        precision: 0.02,
        thresholds: null,
      },
    ])
  })

  test.each([
    ['idle', '1/s', 'idle'],
    ['Warm-up', '1/s', 'warmup'],
    ['stress-2', '1/s', 'stress'],
    ['recovery after', '1/s', 'recovery'],
    ['night', 0, 'idle'],
    ['mine', '1/s', 'mark'],
  ])('%s at %s is of the kind %s', (name, rate, kind) => {
    expect(phases({ name, duration: '1s', rate })[0]?.kind).toBe(kind)
  })

  test('a kind that is written goes before the name', () => {
    expect(phases({ name: 'stress', kind: 'baseline', duration: '1s', rate: 0 })[0]?.kind).toBe('baseline')
  })

  test('a warm-up is not judged unless the plan says so; another is when it says so', () => {
    const discards = phases(
      { name: 'warmup', duration: '1s', rate: '1%' },
      { name: 'warmup-2', duration: '1s', rate: '1%', discard: false },
      { name: 'first', duration: '1s', rate: '1%', discard: true },
    ).map((one) => one.type === 'timed' && one.discard)
    expect(discards).toEqual([true, false, true])
  })

  test('own limits stand on those of the plan', () => {
    const made = planWith({
      thresholds: { profile: 'external', p50: '10ms' },
      phases: [
        { name: 'a', duration: '1s', rate: 0, thresholds: { p99: '1s', errors: null } },
        { name: 'b', duration: '1s', rate: 0 },
      ],
    })
    expect(made.thresholds).toEqual({ p50Ms: 10, p99Ms: 200, p999Ms: null, errors: 0.01 })
    expect(made.phases.map((one) => one.thresholds)).toEqual([
      { p50Ms: 10, p99Ms: 1000, p999Ms: null, errors: null },
      null,
    ])
  })
})

describe('requests', () => {
  test('without any, the url is fetched', () => {
    const made = planWith({ target: { url: 'http://h/a/b?c=1' }, preset: 'quick' })
    expect(builtin(made).requests).toMatchObject([{ name: 'GET /a/b', method: 'GET', path: '/a/b?c=1' }])
  })

  test('headers and auth of the load are those of each request that has none of its own', () => {
    const load = { headers: { 'X-A': 'all', Accept: '*/*' }, auth: { bearer: '$TOKEN' } }
    expect(request({}, load).headers).toEqual({ 'x-a': 'all', accept: '*/*', authorization: 'Bearer s3cr3t' })
    expect(
      request({ headers: { 'x-a': 'own' }, auth: { basic: { user: 'u', password: 'p:q' } } }, load).headers,
    ).toEqual({
      'x-a': 'own',
      accept: '*/*',
      authorization: `Basic ${Buffer.from('u:p:q').toString('base64')}`,
    })
  })

  test.each([
    ['$TOKEN', 's3cr3t'],
    ['a $TOKEN.', 'a s3cr3t.'],
    ['$' + '{TOKEN}x', 's3cr3tx'],
    ['$$TOKEN', '$TOKEN'],
    ['5 $ and $5', '5 $ and $5'],
    ['a$EMPTY', 'a'],
  ])('the header value %j is sent as %j', (written, sent) => {
    expect(request({ headers: { a: written } }).headers['a']).toBe(sent)
  })

  test('bodies stand in the plan or in a file beside it', () => {
    expect(request({ method: 'POST', body: 'ä' }).body).toEqual(Buffer.from('ä'))
    expect(request({ method: 'POST', body_file: 'order.json' }).body).toEqual(Buffer.from('{"id":1}'))
  })

  test('two of the same name are told apart', () => {
    const made = planWith({ preset: 'quick', load: { requests: [{ path: '/a?b=1' }, { path: '/a?b=2' }] } })
    expect(builtin(made).requests.map(({ name }) => name)).toEqual(['GET /a', 'GET /a #2'])
  })
})

test('a command has the folder of the plan, its own environment, and its children belong to it', () => {
  const target = { url: 'http://h/', command: ['node', 'server.js'], env: { KEY: '$TOKEN', A: 'b' }, ready: '3s' }
  expect(planWith({ target, preset: 'quick' }).target).toEqual({
    url: 'http://h/',
    select: null,
    follow: true,
    command: { argv: ['node', 'server.js'], cwd: '/plans', env: { KEY: 's3cr3t', A: 'b' }, readyMs: 3000 },
  })
})

describe('other drivers', () => {
  test.each([
    [
      { driver: 'k6', script: 'load.js', env: { T: '$TOKEN' } },
      { driver: 'k6', script: '/plans/load.js', args: [], env: { T: 's3cr3t' } },
    ],
    [
      { driver: 'jmeter', plan: 'load.jmx' },
      { driver: 'jmeter', plan: '/plans/load.jmx', properties: {} },
    ],
    [
      { driver: 'follow', file: 'out.jtl' },
      { driver: 'follow', file: '/plans/out.jtl', format: 'auto' },
    ],
    [{ driver: 'none' }, { driver: 'none' }],
  ])('%j needs no phases', (load, planned) => {
    expect(planWith({ load })).toMatchObject({ load: planned, phases: [] })
  })

  test('a load nobody here makes cannot be stopped', () => {
    expect(planWith({ load: { driver: 'none' } }).abort).toBeNull()
    expect(planWith({ load: { driver: 'k6', script: 'load.js' } }).abort).not.toBeNull()
  })

  test('phases by the clock have no rate', () => {
    const made = planWith({ load: { driver: 'none' }, phases: [{ name: 'stress', duration: '1m' }] })
    expect(made.phases).toMatchObject([{ kind: 'stress', durationMs: 60_000, fromRps: 0, toRps: 0 }])
  })
})

describe('secrets', () => {
  const secret = 'hunter2'
  const paths = (value: unknown): string => JSON.stringify(value)

  test('from the environment reach what runs, and the recording holds the name of the variable', () => {
    const written = {
      preset: 'quick',
      load: { auth: { bearer: '$TOKEN' }, headers: { 'x-api-key': '$TOKEN' } },
    }
    const made = planWith(written, { env: { TOKEN: secret } })
    expect(builtin(made).requests[0].headers).toEqual({ authorization: `Bearer ${secret}`, 'x-api-key': secret })
    expect(paths(made.written)).not.toContain(secret)
    expect(made.written).toMatchObject(written)
  })

  test.each([
    ['a token', { load: { auth: { bearer: secret } } }],
    ['a password', { load: { auth: { basic: { user: 'u', password: secret } } } }],
    ['a token behind its scheme', { load: { headers: { Authorization: `Bearer ${secret}` } } }],
    ['a cookie', { load: { headers: { Cookie: `a=${secret}` } } }],
    ['a token of one request', { load: { requests: [{ headers: { 'X-Api-Key': secret } }] } }],
    ['a body', { load: { requests: [{ method: 'POST', body: `password=${secret}` }] } }],
    ['a query', { load: { requests: [{ path: `/?a=1&access_token=${secret}` }] } }],
    ['the query of the url', { target: { url: `http://h/?apikey=${secret}` } }],
    ['an argument', { target: { url: 'http://h/', command: ['a', '--password', secret] } }],
    ['an argument in one word', { target: { url: 'http://h/', command: ['a', `--db-password=${secret}`] } }],
    ['any header', { load: { headers: { 'X-Custom': secret } } }],
    ['an expected answer', { load: { requests: [{ expect: { body_includes: secret } }] } }],
    ['a secret name in a query', { load: { requests: [{ path: `/?pin=${secret}&page=1` }] } }],
    ['an address in an argument', { target: { url: 'http://h/', command: ['a', `postgres://u:${secret}@h/db`] } }],
    ['a short option', { target: { url: 'http://h/', command: ['a', `-p${secret}`, '-p', secret] } }],
    ['a header of a command', { target: { url: 'http://h/', command: ['a', '-H', `X: ${secret}`] } }],
    ['a token in a path', { load: { requests: [{ path: `/reset/${'aB3xK9'.repeat(5)}` }] } }, 'aB3xK9'],
    ['any variable of a command', { target: { url: 'http://h/', command: ['a'], env: { ANY: secret } } }],
    ['a variable of a command', { target: { url: 'http://h/', command: ['a'], env: { DB_PASSWORD: secret } } }],
  ])('written down all the same are not recorded: %s', (_what, more, shown = secret) => {
    const made = planWith({ preset: 'quick', ...more })
    expect(paths(made.written)).not.toContain(shown)
    expect(paths(builtin(made).requests.map(({ name }) => name))).not.toContain(shown)
  })

  test('of a k6 script, neither', () => {
    const load = { driver: 'k6', script: 'load.js', args: ['-e', `API_TOKEN=${secret}`], env: { TOKEN: secret } }
    expect(planWith({ load }).load).toMatchObject({ env: { TOKEN: secret } })
    expect(paths(planWith({ load }).written)).not.toContain(secret)
  })

  test('what is none is recorded as it was written', () => {
    const written = {
      target: {
        url: 'http://127.0.0.1:8080/users?page=2',
        command: ['node', 'srv.js', '--port', '8080', '-c', '/etc/a.conf'],
      },
      preset: 'quick',
      load: { headers: { Accept: 'application/json', 'User-Agent': 'audit', 'X-Key': 'Bearer $TOKEN' } },
    }
    expect(planWith(written).written).toMatchObject(written)
    const load = { driver: 'jmeter', plan: 'load.jmx', properties: { threads: '20', pin: '1234', host: 'h' } }
    expect(planWith({ load }).written).toMatchObject({
      load: { properties: { threads: '20', pin: '(hidden)', host: '(hidden)' } },
    })
  })

  test('what a program may repeat of a plan is known word for word', () => {
    const { secrets } = planWith(
      {
        target: {
          url: 'http://h/',
          command: ['a', `--db-password=${secret}`, '--port', '8080'],
          env: { A: 'plain-a', PORT: '8080' },
        },
        preset: 'quick',
        load: { auth: { basic: { user: 'me', password: 'pw4u' } }, headers: { Accept: 'text/html', 'X-A': '$TOKEN' } },
      },
      { env: { TOKEN: 'tok-1' } },
    )
    expect(secrets).toEqual(expect.arrayContaining([secret, 'plain-a', 'tok-1', 'pw4u']))
    expect(secrets).not.toEqual(expect.arrayContaining(['8080']))
    expect(secrets).not.toEqual(expect.arrayContaining(['text/html']))
  })

  test('two bodies of one length are told apart in the recording', () => {
    const written = (body: string) =>
      paths(planWith({ preset: 'quick', load: { requests: [{ method: 'POST', body }] } }).written)
    expect(written('a')).not.toBe(written('b'))
    expect(written('a')).toBe(written('a'))
  })
})

describe('what probe audit is given', () => {
  test('a script or a JMeter plan runs without a plan, its phases are those of the tool', async () => {
    const script = import.meta.filename
    expect(await openPlan(script, {})).toMatchObject({
      target: { url: null, select: null },
      load: { driver: 'k6', script },
      phases: [],
      thresholds: { p99Ms: 50 },
    })
    expect(planForScript('/x/load.JMX')).toMatchObject({ load: { driver: 'jmeter', plan: '/x/load.JMX' }, phases: [] })
  })

  test.each([
    ['/nowhere/plan.yaml', 'unreadable', 'cannot read the plan /nowhere/plan.yaml: no such file'],
    ['/nowhere/load.js', 'unreadable', 'cannot read /nowhere/load.js: no such file'],
    ['/proc/self/status.txt', 'invalid', '/proc/self/status.txt: expected a plan (.yaml, .yml, .json), a k6 script'],
  ])('%s is refused', async (path, code, message) => {
    const error = await openPlan(path, {}).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PlanError)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  })
})

test('a folder, a pipe or text that is no UTF-8 is no plan', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'probe-plan-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [directory, pipe, latin] = ['folder.yaml', 'pipe.yaml', 'latin.yaml'].map((name) => join(folder, name))
  mkdirSync(directory ?? '')
  execFileSync('mkfifo', [pipe ?? ''])
  writeFileSync(latin ?? '', Buffer.from([0x61, 0x3a, 0x20, 0xe4]))
  await expect(openPlan(directory ?? '', {})).rejects.toThrow(`cannot read the plan ${directory}: it is a directory`)
  await expect(openPlan(pipe ?? '', {})).rejects.toThrow(`cannot read the plan ${pipe}: it is not a regular file`)
  await expect(openPlan(latin ?? '', {})).rejects.toThrow(`${latin}:1:1  expected UTF-8 text`)
})

test('the demo is a plan like any other: 100 %, 200 % and 80 % of its peak, in less than a minute', () => {
  const made = demoPlan({ url: 'http://127.0.0.1:8080/', pid: 4242 })
  const peak = made.peakRps ?? Number.NaN
  expect(made.target).toMatchObject({ url: 'http://127.0.0.1:8080/', select: { pids: [4242] } })
  expect(made.load).toMatchObject({ connections: 512, keepAlive: false, timeoutMs: 5000 })
  const timed = made.phases.filter((phase) => phase.type === 'timed')
  expect(timed.map(({ name, kind, fromRps, toRps, discard }) => [name, kind, fromRps, toRps, discard])).toEqual([
    ['idle', 'idle', 0, 0, false],
    ['warmup', 'warmup', peak, peak, true],
    ['baseline', 'baseline', peak, peak, false],
    ['stress', 'stress', 2 * peak, 2 * peak, false],
    ['soak', 'soak', 0.8 * peak, 0.8 * peak, false],
  ])
  expect(timed.reduce((sum, { durationMs }) => sum + durationMs, 0)).toBeLessThan(60_000)
})
