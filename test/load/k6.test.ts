import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Course } from '../../audit/load/driver.ts'
import type { LoadSlice } from '../../audit/load/generator.ts'
import { type Hdr, sumHdr } from '../../audit/load/hdr.ts'
import { type K6Driver, k6Driver } from '../../audit/load/k6/driver.ts'
import { k6Follow } from '../../audit/load/k6/follow.ts'
import { findOnPath } from '../../audit/load/program.ts'
import { httpServer } from './servers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const samples = path.join(root, 'fixtures/samples/k6')
const recording = path.join(samples, 'phases.v2.2.0')
const script = path.join(samples, 'phases.js')
const ourPath = process.env['PATH'] ?? ''
const standinPath = [path.join(root, 'fixtures/standins'), path.join(root, 'node_modules/.bin'), ourPath].join(':')

beforeEach(() => {
  process.env['PATH'] = standinPath
})
afterEach(() => {
  process.env['PATH'] = ourPath
})

interface Seen {
  course: Course
  phases: { id: number; name: string; kind: string }[]
  slices: LoadSlice[]
  notes: string[]
}

/** A course whose kernel cuts at once. `onBegin` is told of each phase. */
function courseOf(firstName: string, onBegin: (name: string) => void = () => {}): Seen {
  const phases = [{ id: 1, name: firstName, kind: 'first' }]
  const slices: LoadSlice[] = []
  const notes: string[] = []
  const course: Course = {
    firstPhase: 1,
    begin: async (name, kind) => {
      const id = phases.length + 1
      phases.push({ id, name, kind })
      onBegin(name)
      return { id, atNs: process.hrtime.bigint() }
    },
    slice: (slice) => void slices.push(slice),
    note: (text) => void notes.push(text),
  }
  return { course, phases, slices, notes }
}

interface Point {
  metric: string
  atMs: number
  time: string
  value: number
  tags: Record<string, string>
}
const pointsOf = (ndjson: string): Point[] =>
  ndjson
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'Point')
    .map(({ metric, data }) => ({
      metric,
      time: data.time,
      atMs: Date.parse(data.time),
      value: data.value,
      tags: data.tags ?? {},
    }))
const recorded = pointsOf(gunzipSync(readFileSync(`${recording}.ndjson.gz`)).toString('utf8'))

/** Times of a scenario in ascending order, straight from the points: those of one request carry the same ns. */
function truthOf(points: readonly Point[], scenario: string, what: 'response' | 'service' = 'response'): number[] {
  const requests = new Map<string, Record<string, number>>()
  for (const { metric, time, value, tags } of points) {
    if (!metric.startsWith('http_req_') || tags['scenario'] !== scenario) continue
    const request = requests.get(time) ?? {}
    requests.set(time, request)
    request[metric] = value
  }
  return [...requests.values()]
    .map((r) => {
      const making = (r['http_req_connecting'] ?? 0) + (r['http_req_tls_handshaking'] ?? 0)
      const before = Math.max(r['http_req_blocked'] ?? 0, making)
      return (r['http_req_duration'] ?? Number.NaN) + (what === 'response' ? before : 0)
    })
    .sort((a, b) => a - b)
}

function totalsOf({ phases, slices }: Seen, name: string) {
  const ids = phases.filter((phase) => phase.name === name).map(({ id }) => id)
  const own = slices.filter((slice) => ids.includes(slice.phase))
  const response = sumHdr(own.map(({ hist }) => hist.response))
  const service = sumHdr(own.flatMap(({ hist }) => (hist.service === null ? [] : hist.service)))
  const errors = own.flatMap((slice) => Object.entries(slice.errors))
  return {
    done: own.reduce((sum, slice) => sum + slice.done, 0),
    dropped: errors.reduce((sum, [error, count]) => sum + (error === 'dropped' ? count : 0), 0),
    failed: errors.reduce((sum, [error, count]) => sum + (error === 'dropped' ? 0 : count), 0),
    response,
    service,
  }
}

function expectPercentiles(response: Hdr, sorted: readonly number[]) {
  expect(response.total).toBe(sorted.length)
  const told = response.percentiles()
  for (const [percent, toldMs] of [
    [50, told.p50],
    [90, told.p90],
    [99, told.p99],
    [99.9, told.p999],
    [100, told.max],
  ] as const) {
    const exactMs = sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN
    // Three significant digits, of whole us.
    expect(Math.abs((toldMs ?? Number.NaN) - exactMs)).toBeLessThanOrEqual(exactMs * 0.001 + 0.001)
  }
}

/** Zombies are not: nobody may be there to reap them. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

const replay = (env: Record<string, string> = {}): Promise<K6Driver> =>
  k6Driver({ script, env: { REPLAY: recording, REPLAY_SPEED: '10', ...env } })

describe('k6 as a driver, with its recorded output', () => {
  test('phases, counts and percentiles are those of the recording', async () => {
    const driver = await replay({ REPLAY_EXIT: '99', REPLAY_SETUP_MS: '100' })
    expect(driver.program.version).toBe('2.2.0')
    expect(driver.pids()).toHaveLength(1)
    const seen = courseOf('baseline')
    const verdict = await driver.run(seen.course)
    expect(driver.pids()).toEqual([])

    expect(seen.phases.slice(1).map(({ name, kind }) => [name, kind])).toEqual([
      ['stress', 'stress'],
      ['after stress', 'mark'],
      ['soak', 'soak'],
    ])
    for (const scenario of ['baseline', 'stress', 'soak']) {
      const totals = totalsOf(seen, scenario)
      const truth = truthOf(recorded, scenario)
      expect([scenario, totals.done, totals.failed]).toEqual([scenario, truth.length, 0])
      expectPercentiles(totals.response, truth)
      expectPercentiles(totals.service, truthOf(recorded, scenario, 'service'))
    }
    expect(totalsOf(seen, 'after stress').done).toBe(0)
    const drops = recorded.filter(({ metric }) => metric === 'dropped_iterations').length
    expect(totalsOf(seen, 'stress').dropped).toBe(drops)

    expect(verdict.failed).toBe(true)
    expect(verdict.reasons).toEqual([
      'k6 threshold crossed: dropped_iterations{scenario:stress}: count<1',
      'k6 threshold says nothing, no value ever matched it: dropped_iterations{phase:stress}: count<1',
      `${drops} iterations of stress were dropped: no VU was free`,
    ])
    expect(seen.notes).toContain(
      'k6: Insufficient VUs, reached 10 active VUs and cannot initialize more (scenario stress)',
    )
  })

  test('stop ends it where it is, and what was sent until then is told', async () => {
    let stopped: Promise<void> | null = null
    const driver = await replay()
    const seen = courseOf('baseline', (name) => {
      if (name === 'stress') stopped = driver.stop()
    })
    const verdict = await driver.run(seen.course)
    await stopped
    expect(verdict.failed).toBe(true) // the recorded summary has a crossed threshold
    expect(verdict.reasons[0]).toBe('k6: it was stopped through its REST API')
    expect(seen.phases.map(({ name }) => name)).toEqual(['baseline', 'stress'])
    expect(totalsOf(seen, 'baseline').done).toBeGreaterThan(0)
    expect(totalsOf(seen, 'stress').done).toBeLessThan(truthOf(recorded, 'stress').length)
    expect(driver.pids()).toEqual([])
  })

  test('a driver that never ran can be stopped', async () => {
    const driver = await replay()
    await driver.stop()
    expect(driver.pids()).toEqual([])
  })

  test('k6 that dies leaves its phases and says how it died', async () => {
    const driver = await replay({ REPLAY_DIES_MS: '900' })
    const seen = courseOf('baseline')
    await expect(driver.run(seen.course)).rejects.toMatchObject({
      name: 'LoadError',
      code: 'tool_failed',
      message: 'k6 was killed by SIGKILL',
    })
    expect(totalsOf(seen, 'baseline').done).toBeGreaterThan(0)
  })

  test('when the audit cannot go on, k6 does not go on either', async () => {
    const driver = await replay()
    const seen = courseOf('baseline', () => {
      throw new Error('the tracer is gone')
    })
    await expect(driver.run(seen.course)).rejects.toThrow('the tracer is gone')
    expect(driver.pids()).toEqual([])
  })

  test('k6 ends with us, however we end', async () => {
    const source = `import { k6Driver } from ${JSON.stringify(path.join(root, 'audit/load/k6/driver.ts'))}
      const driver = await k6Driver(${JSON.stringify({ script, env: { REPLAY: recording } })})
      console.log(driver.pids()[0])
      setInterval(() => {}, 1000)`
    // Killed like this we leave the directory with k6's pipe behind.
    const directory = await mkdtemp(path.join(tmpdir(), 'probe-test-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const us = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: directory },
    })
    onTestFinished(() => void us.kill('SIGKILL'))
    const [pid] = await once(createInterface({ input: us.stdout }), 'line')
    expect(isRunning(Number(pid))).toBe(true)
    us.kill('SIGKILL')
    await expect.poll(() => isRunning(Number(pid)), { timeout: 10_000 }).toBe(false)
  })

  test('a start that takes too long can be given up', async () => {
    const signal = AbortSignal.abort()
    await expect(k6Driver({ script, env: { REPLAY: recording }, signal })).rejects.toMatchObject({
      code: 'tool_failed',
      message: expect.stringContaining('k6 was killed by SIGKILL'),
    })
  })

  test('a host without k6 is told what to install', async () => {
    process.env['PATH'] = '/nowhere'
    await expect(k6Driver({ script })).rejects.toMatchObject({
      code: 'tool_missing',
      message: 'no k6 on the PATH',
      fix: expect.stringContaining('install k6'),
    })
  })

  test('a script that is not there is named with the reason of k6', async () => {
    await expect(k6Driver({ script: 'absent.js', env: { REPLAY: recording } })).rejects.toMatchObject({
      code: 'bad_script',
      message: expect.stringMatching(/^k6 cannot use absent\.js: The moduleSpecifier "absent\.js" couldn't be found/),
      fix: expect.any(String),
    })
  })
})

describe('k6 that somebody else started, followed by its file', () => {
  /** The recorded lines, moved to now and a thousand times as dense: their time is told anew, all else is as recorded. */
  function linesOf(points: readonly Point[], format: 'csv' | 'json', startMs: number): string {
    const zero = points[0]?.atMs ?? 0
    const timeOf = (point: Point) => startMs + (point.atMs - zero) / 1000
    if (format === 'json')
      return points
        .map(({ metric, value, tags, ...point }) => {
          const time = new Date(timeOf({ metric, value, tags, ...point })).toISOString()
          return JSON.stringify({ metric, type: 'Point', data: { time, value, tags } })
        })
        .join('\n')
    const [header = '', ...lines] = gunzipSync(readFileSync(`${recording}.csv.gz`))
      .toString('utf8')
      .trimEnd()
      .split('\n')
    const rows = lines.map((line, index) => {
      const [metric, , ...rest] = line.split(',')
      const point = points[index]
      return [metric, point ? Math.round(timeOf(point)) : '', ...rest].join(',')
    })
    return [header, ...rows].join('\n')
  }

  /** Follows a file that is written while k6's REST API says that it runs. */
  async function follow(content: (startMs: number) => string): Promise<Seen & { reasons: readonly string[] }> {
    const directory = await mkdtemp(path.join(tmpdir(), 'probe-test-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const file = path.join(directory, 'k6.out')
    const seen = courseOf('before')
    let status = readFileSync(path.join(samples, 'rest-v1-status.t5.json'), 'utf8')
    const { url } = await httpServer((_, response) => response.end(status))
    const run = k6Follow({ file, idleMs: 0, restAddress: new URL(url).host }).run(seen.course)
    await writeFile(file, `${content(Date.now() + 5)}\n`)
    status = status.replace('"status":7', '"status":9')
    const { failed, reasons } = await run
    expect(failed).toBeNull()
    return { ...seen, reasons }
  }

  test.each(['csv', 'json'] as const)(
    '%s: a phase for each scenario, counts and percentiles as recorded',
    async (format) => {
      const seen = await follow((startMs) => linesOf(recorded, format, startMs))
      expect(seen.phases.slice(1).map(({ name, kind }) => [name, kind])).toEqual([
        ['baseline', 'baseline'],
        ['stress', 'stress'],
        ['soak', 'soak'],
      ])
      for (const scenario of ['baseline', 'stress', 'soak']) {
        const { done, response } = totalsOf(seen, scenario)
        const truth = truthOf(recorded, scenario)
        expect([scenario, done]).toEqual([scenario, truth.length])
        expectPercentiles(response, truth)
      }
      expect(seen.reasons).toEqual(['336 iterations of stress were dropped: no VU was free'])
    },
  )

  test('k6 1.8.1, the beginning of a run', async () => {
    const points = pointsOf(readFileSync(path.join(samples, 'phases.v1.8.1.head400.ndjson'), 'utf8'))
    const seen = await follow((startMs) => linesOf(points, 'json', startMs))
    const truth = truthOf(points, 'baseline')
    expect(truth.length).toBeGreaterThan(10)
    expectPercentiles(totalsOf(seen, 'baseline').response, truth)
  })

  test('the process that writes the file is who makes the load; when it closes the file the run is over', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'probe-test-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const file = path.join(directory, 'k6.out')
    const handle = await open(file, 'w')
    const driver = k6Follow({ file, idleMs: Number.POSITIVE_INFINITY })
    const seen = courseOf('before')
    const run = driver.run(seen.course)
    await expect.poll(() => driver.pids(), { timeout: 10_000 }).toEqual([process.pid])
    await handle.write(linesOf(recorded, 'json', Date.now() + 5))
    await handle.close()
    await run
    expect(totalsOf(seen, 'soak').done).toBe(truthOf(recorded, 'soak').length)
    expect(driver.pids()).toEqual([])
  })

  test('what ended before it was watched is not counted, and that is said', async () => {
    const seen = await follow(() => gunzipSync(readFileSync(`${recording}.csv.gz`)).toString('utf8'))
    expect(seen.phases).toHaveLength(1)
    expect(seen.slices).toEqual([])
    const count = ['baseline', 'stress', 'soak'].reduce((sum, name) => sum + truthOf(recorded, name).length, 0)
    expect(seen.notes).toContain(`${count} requests had ended before they were watched and are not counted`)
    expect(seen.notes.join()).toContain('whole seconds')
  })

  test('a file that nobody writes is an error; stop ends the wait', async () => {
    const file = path.join(tmpdir(), 'probe-test-absent.csv')
    const { course } = courseOf('before')
    await expect(k6Follow({ file, idleMs: 0 }).run(course)).rejects.toMatchObject({ code: 'tool_failed' })
    const driver = k6Follow({ file })
    const run = driver.run(course)
    await driver.stop()
    expect(await run).toEqual({ failed: null, reasons: [] })
  })
})

test('a real k6 drives and is judged', async (ctx) => {
  process.env['PATH'] = ourPath
  if (findOnPath('k6') === null) return ctx.skip('no k6 on PATH')
  const server = await httpServer()
  const directory = await mkdtemp(path.join(tmpdir(), 'probe-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const file = path.join(directory, 'two.js')
  await writeFile(
    file,
    `import http from 'k6/http'
    const at = (startTime, rate) => ({ executor: 'constant-arrival-rate', startTime, rate, timeUnit: '1s', duration: '2s',
      preAllocatedVUs: 10, gracefulStop: '1s' })
    export const options = { scenarios: { baseline: at('0s', 20), stress: at('2s', 50) },
      thresholds: { http_req_failed: ['rate<0.01'] } }
    export default function () { http.get(__ENV.TARGET) }`,
  )
  const driver = await k6Driver({ script: file, env: { TARGET: server.url } })
  const seen = courseOf('baseline')
  const verdict = await driver.run(seen.course)
  expect(verdict.failed).toBe(false)
  expect(seen.phases.map(({ name }) => name)).toEqual(['baseline', 'stress'])
  const sent = totalsOf(seen, 'baseline').done + totalsOf(seen, 'stress').done
  expect(sent).toBe(server.requests)
})
