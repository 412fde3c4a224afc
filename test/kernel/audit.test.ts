import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDirectory, probe } from './attach.ts'
import {
  audit,
  endOf,
  freePort,
  of,
  phasesOf,
  recordsIn,
  recordsSoFar,
  SERVER,
  start,
  startServer,
  write,
} from './audits.ts'
import { eventually } from './lines.ts'
import { kernelSuite } from './requirements.ts'

const loose = { p99: '5s', errors: '1%' }
const phases = [
  { name: 'idle', duration: '1s', rate: 0 },
  { name: 'warmup', duration: '1s', rate: '100%' },
  { name: 'baseline', duration: '3s', rate: '100%' },
  { name: 'stress', duration: '3s', rate: '200%' },
]

kernelSuite('an audit by a plan', () => {
  test('goes through its phases and passes: each has its load, its kernel windows, its limits', async () => {
    const port = await freePort()
    const command = [process.execPath, SERVER, String(port)]
    const done = await audit({
      target: { url: `http://127.0.0.1:${port}/`, command },
      peak: '100/s',
      phases,
      thresholds: loose,
      budgets: { overhead: null, send_lag: '1s' },
    })
    expect(done.stderr).not.toContain('error:')
    expect(done.code).toBe(0)
    expect(
      phasesOf(done.records).map(({ name, sent, done: answered, valid }) => [name, sent, answered, valid]),
    ).toEqual([
      ['idle', 0, 0, true],
      ['warmup', null, null, true],
      ['baseline', 300, 300, true],
      ['stress', 600, 600, true],
    ])
    for (const { id, name, per_request } of phasesOf(done.records)) {
      expect(
        of(done.records, 'window').filter((window) => window.phase === id && window.probe === 'syscalls'),
      ).not.toEqual([])
      // Node reads, writes and waits at least once for each request.
      if (name === 'baseline' || name === 'stress') expect(per_request['syscalls']).toBeGreaterThan(2)
    }
    expect(phasesOf(done.records).find(({ name }) => name === 'stress')?.thresholds).toEqual([
      { name: 'p99', limit: 5000, value: expect.any(Number), kept: true },
      { name: 'errors', limit: 0.01, value: 0, kept: true },
    ])
    expect(endOf(done.records)).toMatchObject({
      reason: 'done',
      exit_code: 0,
      verdict: expect.stringMatching(/^passed: /),
    })
    expect(done.stdout).toMatch(/p99 within 5\.00 s +– +– +yes +yes/)
    expect(done.stdout).toMatch(/^verdict +passed/m)
    expect(readdirSync(done.out)).toEqual(
      expect.arrayContaining(['run.ndjson.gz', 'timeline.svg', 'off-cpu-stress.svg']),
    )
    // The command that the plan started is gone with it.
    await expect(fetch(`http://127.0.0.1:${port}/count`)).rejects.toThrow()
  })

  test('fails when a limit is broken, and says which', async () => {
    const { url } = await startServer(['--slow', '20'])
    const done = await audit({
      target: { url },
      peak: '50/s',
      phases: [{ name: 'baseline', duration: '3s', rate: '100%' }],
      thresholds: { p50: '10ms', p99: null, errors: '1%' },
      probes: ['syscalls'],
      budgets: { overhead: null, send_lag: '1s' },
    })
    expect(done.code).toBe(1)
    expect(endOf(done.records)?.verdict).toMatch(/^failed: baseline: p50 2\d(\.\d)? ms, limit 10 ms$/)
  })

  test('stops the load of a target that starts to fail: aborted, and nothing is sent after', async () => {
    const { url, count } = await startServer(['300', '50'])
    const done = await audit({
      target: { url },
      peak: '200/s',
      phases: [{ name: 'stress', duration: '60s', rate: '100%' }],
      abort: { errors: '1%', window: '2s', min: 100 },
      probes: ['syscalls'],
      budgets: { overhead: null, send_lag: '1s' },
    })
    const after = await count()
    expect(done.code).toBe(1)
    expect(endOf(done.records)).toMatchObject({ reason: 'aborted', exit_code: 1 })
    expect(endOf(done.records)?.verdict).toMatch(/^aborted: [\d.]+ % of the requests failed \(\d+ of \d+ in [23] s\)$/)
    const slices = of(done.records, 'load')
    const firstFailure = slices.find(({ errors }) => (errors['status'] ?? 0) > 0)
    const lastSent = slices.findLast(({ sent }) => sent > 0)
    // Window and a second, as the recording's own clock has it.
    expect((lastSent?.end_us ?? 0) - (firstFailure?.start_us ?? 0)).toBeLessThanOrEqual(4_000_000)
    expect(slices.reduce((n, { sent }) => n + sent, 0)).toBeLessThanOrEqual(after)
    expect(await count()).toBe(after)
  })

  test('is not valid, and no verdict, when the generator could not send what was planned', async () => {
    const { url } = await startServer(['--slow', '100'])
    const done = await audit({
      target: { url },
      peak: '100/s',
      load: { connections: 1, max_queue: 0 },
      phases: [{ name: 'stress', duration: '2s', rate: '100%' }],
      thresholds: loose,
      abort: false,
      probes: ['syscalls'],
      budgets: { overhead: null },
    })
    expect(done.code).toBe(5)
    expect(endOf(done.records)?.verdict).toMatch(/^not valid: stress: .*never sent/)
    expect(phasesOf(done.records)[0]?.thresholds?.every(({ kept }) => kept === null)).toBe(true)
  })

  test('does not begin on a target that is down', async () => {
    const done = await audit({ target: { url: `http://127.0.0.1:${await freePort()}/` }, peak: '10/s', phases })
    expect(done).toMatchObject({ code: 4, records: [] })
    expect(done.stderr).toMatch(/no process listens on TCP port/)
  })

  test('a command that does not come up is told with its own words', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`
    const command = [process.execPath, '--eval', 'console.error("no database"); process.exitCode = 7']
    const done = await audit({ target: { url, command }, peak: '10/s', phases })
    expect(done).toMatchObject({ code: 2, records: [] })
    expect(done.stderr).toMatch(/did not come up: it ended with code 7/)
    expect(done.stderr).toContain('no database')
  })

  test('a mistake in the plan has its place', async () => {
    const { directory } = write({})
    const file = join(directory, 'plan.yaml')
    writeFileSync(
      file,
      'target: { port: 8080 }\npeak: 100/s\nphases:\n  - { name: stress, duration: 3s, rate: fast }\n',
    )
    const done = await probe(['audit', file, '--no-ui'], { directory })
    expect(done.code).toBe(2)
    expect(done.stderr).toMatch(/plan\.yaml:4:\d+ {2}phases\[0\]\.rate: expected a rate like .*, got "fast"/)
  })

  test('Ctrl-C: the load stops, the command ends, the recording says interrupted', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/`
    const { directory, file } = write({
      target: { url, command: [process.execPath, SERVER, String(port)] },
      peak: '50/s',
      phases: [{ name: 'soak', duration: '10m', rate: '100%' }],
      probes: ['syscalls'],
    })
    const out = join(directory, 'out')
    const child = start(['audit', file, '--out', out, '--no-ui'], directory)
    const exited = once(child, 'exit')
    await eventually('load is recorded', () => recordsSoFar(out).includes('"type":"load"'), 60_000)
    child.kill('SIGINT')
    expect(await exited).toEqual([130, null])
    expect(endOf(recordsIn(out))).toMatchObject({ reason: 'interrupted', exit_code: 130 })
    await expect(fetch(`${url}count`)).rejects.toThrow()
  })

  test('Ctrl-C while the command of the plan is coming up: interrupted, not a plan that is wrong', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`
    const { directory, file } = write({
      target: {
        url,
        command: [process.execPath, '--eval', 'require("fs").writeFileSync("up", ""); setTimeout(() => {}, 60_000)'],
      },
      peak: '10/s',
      phases,
    })
    const child = start(['audit', file, '--no-ui'], directory)
    const exited = once(child, 'exit')
    await eventually('the command runs', () => readdirSync(directory).includes('up'), 60_000)
    child.kill('SIGINT')
    expect(await exited).toEqual([130, null])
  })

  test('a target that ends under the load has failed the audit', async () => {
    const server = await startServer()
    const { directory, file } = write({
      target: { url: server.url },
      phases: [{ name: 'stress', duration: '10m', rate: '50/s' }],
      abort: false,
      probes: ['syscalls'],
    })
    const out = join(directory, 'out')
    const child = start(['audit', file, '--out', out, '--no-ui'], directory)
    const exited = once(child, 'exit')
    await eventually('load is recorded', () => recordsSoFar(out).includes('"type":"load"'), 60_000)
    process.kill(server.pid, 'SIGKILL')
    expect(await exited).toEqual([1, null])
    expect(endOf(recordsIn(out))).toMatchObject({
      reason: 'target_exited',
      exit_code: 1,
      verdict: 'failed: the target ended during stress',
    })
  })

  test('a dry run says what would happen, and does nothing', async () => {
    const { url, count } = await startServer()
    const { directory, file } = write({ target: { url }, peak: '100/s', phases })
    const said = await probe(['audit', file, '--dry-run'], { directory })
    expect(said).toMatchObject({ code: 0, stderr: '' })
    for (const { name } of phases) expect(said.stdout).toContain(name)
    expect(said.stdout).toMatch(/tracepoint:raw_syscalls:sys_enter/)
    expect(await count()).toBe(0)
    expect(readdirSync(directory)).toEqual(['plan.json'])
  })

  test('a plan that init writes runs as it is, once its phases are short', async () => {
    const { url } = await startServer()
    const directory = freshDirectory()
    const init = await probe(['audit', 'init', url], { directory })
    expect(init).toMatchObject({ code: 0 })
    expect(readFileSync(join(directory, 'plan.yaml'), 'utf8')).toContain(url)
    const dry = await probe(['audit', 'plan.yaml', '--dry-run'], { directory })
    expect(dry.stderr).toBe('')
    expect(dry.code).toBe(0)
    expect((await probe(['audit', 'init', url], { directory })).code).toBe(2)
  })
})
