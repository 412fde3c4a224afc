import { describe, expect, test } from 'vitest'
import { forecastOf, timetableOf } from '../../../audit/index.ts'
import { dryRunText } from '../../../ui/text/dry-run.ts'
import { planWith } from '../plan/plans.ts'

const probes = (['low', 'high', 'medium', 'medium', 'low', 'low'] as const).map((cost, n) => ({
  name: `probe ${n}`,
  cost,
}))
const scripts = [{ name: 'accept-queue, syscalls', text: 'BEGIN\n{\n  printf("ready\\n");\n}\n' }]

function dryRun(
  more: object,
  privileges: readonly string[] = [],
  destination: Parameters<typeof dryRunText>[0]['destination'] = null,
): string {
  const plan = planWith(more)
  const timetable = timetableOf(plan)
  const forecast = forecastOf(plan, timetable, probes)
  return dryRunText({ plan, timetable, forecast, destination, privileges, scripts })
}

const big = {
  target: { url: 'http://127.0.0.1:8080/', command: ['node', 'server.js'] },
  peak: '4000/s',
  load: {
    keep_alive: false,
    workers: 2,
    requests: [
      { path: '/items' },
      { method: 'POST', path: '/orders', body: '{}', weight: 0.25, expect: { status: 201 } },
    ],
  },
  phases: [
    { name: 'idle', duration: '1m', rate: 0 },
    { name: 'warmup', duration: '30s', rate: '100%' },
    { name: 'baseline', duration: '5m', rate: '100%' },
    { name: 'climb', duration: '2m', ramp: ['100%', '200%'] },
    { name: 'a phase whose name is as long as a name may be', duration: '15m', rate: '200%' },
    { name: 'capacity', search: { from: '100%', to: '1000%' } },
    { name: 'soak', duration: '4h', rate: '80%' },
  ],
  thresholds: { p50: '5ms', p999: '250ms' },
  probes: ['accept-queue', 'syscalls'],
  out: 'results/today',
}

describe('a dry run', () => {
  test('tells the timetable, what is judged, what it needs and costs, and what would run', async () => {
    const needs = ['root, or the capabilities CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE: sudo probe audit plan.yaml']
    await expect(`${dryRun(big, needs)}\n`).toMatchFileSnapshot('golden/dry-run.txt')
  })

  test.each([
    ['of everything', big],
    ['of the presets', { preset: 'standard' }],
    ['of k6', { load: { driver: 'k6', script: 'load.js' } }],
    [
      'of a long list of requests',
      {
        preset: 'quick',
        load: { requests: Array.from({ length: 30 }, (_, n) => ({ path: `/${'x'.repeat(90)}${n}` })) },
      },
    ],
  ])('keeps to 100 columns: %s', (_what, more) => {
    const longest = Math.max(
      ...dryRun(more, ['x'.repeat(300)])
        .split('\n')
        .map((line) => line.length),
    )
    expect(longest).toBeLessThanOrEqual(100)
  })

  test('of another tool says who gives the phases, and no numbers that nobody knows', () => {
    const text = dryRun({ load: { driver: 'k6', script: 'load.js' } })
    expect(text).toContain('phases          as k6 gives them')
    expect(text).toMatch(/^disk +up to .* a minute$/m)
    expect(text).not.toMatch(/NaN|null|undefined|of a core at/)
  })

  test('shows nothing secret, and nothing that a terminal would act on', () => {
    const target = { url: 'http://h/?key=hunter2', command: ['a', '--token=hunter2', 'b\x1b[31m'] }
    const text = dryRun({ target, preset: 'quick', out: 'x\x1by' })
    expect(text).not.toMatch(/hunter2|\x1b/)
    expect(text).toContain('http://h/   starts a --token=(hidden) b\\x1b[31m')
  })

  test('says where the load goes, and what allows that', () => {
    const to = { host: 'api.test', port: 8080, addresses: ['203.0.113.5'], peakRps: 3000, ceilingRps: 5000 }
    const plan = { preset: 'quick' }
    const elsewhere = { ...to, foreign: ['203.0.113.5'] }
    const oneLine = (text: string) => text.replace(/\n {16}/g, '   ')
    expect(oneLine(dryRun(plan, [], { ...elsewhere, consent: { kind: 'plan', entry: '203.0.113.0/24' } }))).toContain(
      'goes to         api.test:8080 (203.0.113.5)   not this host   consent by the plan (203.0.113.0/24)   at most 3.00 k/s   ceiling 5.00 k/s',
    )
    expect(oneLine(dryRun(plan, [], { ...elsewhere, consent: { kind: 'missing' } }))).toContain(
      'not this host   no consent yet: it will be asked for (or --yes)',
    )
    expect(oneLine(dryRun(plan, [], { ...to, foreign: [], consent: { kind: 'local' } }))).toContain(
      'api.test:8080 (203.0.113.5)   this host   at most',
    )
    expect(dryRun(plan, [], 'cannot resolve api.test')).toContain('goes to         cannot resolve api.test')
    expect(dryRun({ load: { driver: 'k6', script: 'load.js' } })).toContain('goes to         wherever the script says')
  })

  test('warns when tracing may pass its budget', () => {
    expect(dryRun({ preset: 'quick', peak: '10000/s' })).toContain(
      'warning         tracing may cost more than its budget',
    )
    expect(dryRun({ preset: 'quick', peak: '10000/s', budgets: { overhead: null } })).not.toContain('warning')
    expect(dryRun({ preset: 'quick' })).not.toContain('warning')
  })
})
