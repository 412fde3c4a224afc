import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { liveJmeter } from '../load/jmeter-live.ts'
import { freshDirectory, probe } from './attach.ts'
import { audit, endOf, of, phasesOf, recordsIn, startServer } from './audits.ts'
import { freshNetns } from './netns.ts'
import { kernelSuite, network } from './requirements.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const ourPath = process.env['PATH'] ?? ''

kernelSuite(
  'a generator that is the bottleneck makes the run not valid, never a verdict on the target',
  () => {
    test('out of CPU time', async () => {
      const { url } = await startServer()
      const done = await audit({
        target: { url },
        // More than one process sends on any machine.
        load: { workers: 1, connections: 50 },
        ceiling: '400000/s',
        phases: [{ name: 'stress', duration: '2s', rate: '400000/s' }],
        thresholds: { p99: '10m', errors: null },
        abort: false,
        probes: ['retransmits'],
        budgets: { overhead: null },
      })
      expect(done.code).toBe(5)
      expect(endOf(done.records)?.verdict).toMatch(/^not valid: stress: /)
      expect(phasesOf(done.records)[0]?.thresholds?.map(({ kept }) => kept)).toEqual([null])
    })

    test('out of local ports', async () => {
      const namespace = freshNetns()
      execFileSync('ip', [
        ...['netns', 'exec', namespace.name, 'sysctl', '--quiet', '--write'],
        ...['net.ipv4.ip_local_port_range=40000 40009', 'net.ipv4.tcp_tw_reuse=0'],
      ])
      const { url } = await startServer([], namespace.prefix)
      const done = await audit(
        {
          target: { url },
          load: { keep_alive: false },
          phases: [{ name: 'stress', duration: '2s', rate: '50/s' }],
          abort: false,
          probes: ['retransmits'],
          budgets: { overhead: null, send_lag: '1s' },
        },
        // Unlike `ip netns exec` it leaves /sys, and tracefs in it, as they are.
        { prefix: ['nsenter', `--net=/run/netns/${namespace.name}`] },
      )
      expect(done.code).toBe(5)
      expect(endOf(done.records)?.verdict).toMatch(/^not valid: stress: .*ran out of local ports/)
    })
  },
  network,
)

kernelSuite('an audit whose load another tool makes', () => {
  test('k6: its scenarios are the phases, cut in the kernel; its requests are counted; its thresholds are a verdict', async () => {
    const { pid } = await startServer()
    const samples = join(root, 'fixtures/samples/k6')
    // A stand-in that behaves like k6 and replays a recorded run, ten times as fast.
    const replayed = { REPLAY: join(samples, 'phases.v2.2.0'), REPLAY_SPEED: '10', REPLAY_EXIT: '99' }
    const done = await audit(
      {
        target: { pid },
        load: { driver: 'k6', script: join(samples, 'phases.js'), env: replayed },
        probes: ['syscalls'],
        budgets: { overhead: null },
      },
      { env: { PATH: [join(root, 'fixtures/standins'), join(root, 'node_modules/.bin'), ourPath].join(':') } },
    )
    const phases = phasesOf(done.records)
    expect(phases.map(({ name, done: requests }) => [name, requests])).toEqual([
      ['baseline', 180],
      ['stress', 1991],
      ['after stress', null],
      ['soak', 481],
    ])
    // 336 iterations of the recorded run were dropped: its stress says nothing about the target, whatever k6 concluded.
    expect(phases.map(({ valid }) => valid)).toEqual([true, false, true, true])
    expect(done.code).toBe(5)
    for (const { id } of phases) expect(of(done.records, 'window').some((window) => window.phase === id)).toBe(true)
  })

  test('k6 that is not there is named, with what to do', async () => {
    const { pid } = await startServer()
    const directory = freshDirectory()
    writeFileSync(join(directory, 'script.js'), '')
    const done = await probe(['audit', 'script.js', '--pid', String(pid), '--no-ui'], {
      directory,
      env: { PATH: withoutK6() },
    })
    expect(done.code).toBe(3)
    expect(done.stderr).toMatch(/error: .*k6.*\n {2}.*fix: /)
  })

  test('JMeter: its thread groups are the phases, and each request the server saw is counted', async (ctx) => {
    const live = liveJmeter()
    if ('lacks' in live) return ctx.skip(live.lacks)
    onTestFinished(live.remove)
    const server = await startServer()
    const { port } = new URL(server.url)
    const directory = freshDirectory()
    const out = join(directory, 'out')
    const plan = join(root, 'fixtures/samples/jmeter/plan.jmx')
    writeFileSync(
      join(directory, 'plan.json'),
      JSON.stringify({
        target: { pid: server.pid },
        load: { driver: 'jmeter', plan, properties: { port } },
        thresholds: { p99: '60s', errors: '1%' },
        probes: ['syscalls'],
        budgets: { overhead: null },
      }),
    )
    const done = await probe(['audit', 'plan.json', '--out', out, '--no-ui'], {
      directory,
      env: { PATH: live.searchPath },
    })
    const records = recordsIn(out)
    expect(done.stderr).not.toContain('error:')
    const phases = phasesOf(records)
    expect(phases.map(({ name }) => name)).toEqual(expect.arrayContaining(['before', 'baseline', 'stress', 'soak']))
    // What was under way when a group's time was over may be cut off by JMeter itself.
    const counted = phases.reduce((sum, phase) => sum + (phase.done ?? 0), 0)
    const seen = await server.count()
    expect(counted).toBeGreaterThan(100)
    expect(seen - counted).toBeGreaterThanOrEqual(0)
    expect(seen - counted).toBeLessThanOrEqual(24) // its threads
    const stress = phases.find(({ name }) => name === 'stress')
    expect(stress?.per_request['syscalls']).toBeGreaterThan(2)
    expect(done.code).toBe(endOf(records)?.exit_code)
  })
})

/** A PATH on which no k6 stands, whatever this machine has. */
const withoutK6 = (): string => dirname(process.execPath)
