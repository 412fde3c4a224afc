import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describeJump, driftOf, offsetOf } from '../../../audit/telemetry/clock.ts'
import { metricOf } from '../../../audit/telemetry/facts.ts'
import { createGrowth } from '../../../audit/telemetry/growth.ts'
import { listenBacklogs } from '../../../audit/telemetry/listen-backlogs.ts'
import { openProcFile } from '../../../audit/telemetry/proc-file.ts'
import type { Source, Values } from '../../../audit/telemetry/source.ts'
import { sources } from '../../../audit/telemetry/sources.ts'
import { createTelemetry } from '../../../audit/telemetry/telemetry.ts'
import { netnsInode, readProcessStat, type Target } from '../../../probes/index.ts'

/** A server that listens and accepts nothing: it is stopped, and the kernel still shakes hands. */
async function stoppedServer(backlog: number) {
  const serve = `const s = require('net').createServer().listen(0, '127.0.0.1', ${backlog}, () => console.log(s.address().port))`
  const child = spawn(process.execPath, ['-e', serve], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [text] = await once(child.stdout, 'data')
  const port = Number(String(text))
  child.kill('SIGSTOP')
  // A signal is sent before it has worked: the state tells.
  while (readProcessStat(child.pid ?? 0)?.state !== 'T') await new Promise((resolve) => setImmediate(resolve))
  const connectMore = () => {
    const client = connect(port, '127.0.0.1').on('error', () => undefined)
    onTestFinished(() => void client.destroy())
    return client
  }
  const fill = (count: number) => Promise.all(Array.from({ length: count }, () => once(connectMore(), 'connect')))
  return { pid: child.pid, port, fill, connectMore }
}

/** Reads one source of a process, as at the end of a phase. */
function sampler(pid: number | undefined, name: string): () => Values | undefined {
  const telemetry = createTelemetry(target(pid), { sources: sources.filter((source) => source.name === name) })
  onTestFinished(() => telemetry.close())
  const known: Values = {}
  return () => Object.assign(known, telemetry.sample({ isPhaseEnd: true })[0]?.values)
}

const target = (pid: number = process.pid): Target => ({
  processes: [{ pid, starttime: 1, comm: 'api' }],
  ports: [],
  netnsInode: netnsInode(pid),
  netnsPid: pid,
  cgroup: null,
  selectedBy: 'pid',
  selector: `--pid ${pid}`,
  follow: false,
})

/** A source that reads what the test says, and how long that takes by a clock that the test turns. */
function invented(
  name: string,
  readings: (Values | null)[],
  more: { every?: number; wakes?: string[]; tookMs?: () => number } = {},
) {
  const state = { nowMs: 0, reads: 0, closed: false }
  const source: Source = {
    name,
    from: 'the test',
    every: more.every ?? 1,
    ...(more.wakes ? { wakes: more.wakes } : {}),
    open: () => ({
      read: () => {
        state.nowMs += more.tookMs?.() ?? 0
        return readings[Math.min(state.reads++, readings.length - 1)] ?? null
      },
      close: () => {
        state.closed = true
      },
    }),
  }
  const telemetry = createTelemetry(target(), { sources: [source], now: () => state.nowMs })
  return { telemetry, state }
}

describe('a sample', () => {
  test('is whole at first, then tells what changed', () => {
    const { telemetry } = invented('vmstat', [
      { a: 1, b: 1 },
      { a: 2, b: 1 },
    ])
    expect(telemetry.sample()).toEqual([{ source: 'vmstat', values: { a: 1, b: 1 } }])
    expect(telemetry.sample()).toEqual([{ source: 'vmstat', values: { a: 2 }, partial: true }])
  })

  test('is whole again when a value is gone: what stood before does not stand any more', () => {
    const { telemetry } = invented('netdev', [{ 'eth0.rx': 1, 'eth1.rx': 1 }, { 'eth0.rx': 1 }])
    telemetry.sample()
    expect(telemetry.sample()).toEqual([{ source: 'netdev', values: { 'eth0.rx': 1 } }])
  })

  test('without changes is passed over nine times, and never at the end of a phase', () => {
    const { telemetry } = invented('vmstat', [{ a: 1 }])
    telemetry.sample()
    const told = Array.from({ length: 20 }, () => telemetry.sample().length)
    expect(told.flatMap((count, at) => (count > 0 ? [at] : []))).toEqual([9, 19])
    expect(telemetry.sample({ isPhaseEnd: true })).toEqual([{ source: 'vmstat', values: {}, partial: true }])
  })

  test('of what can no longer be read is not there', () => {
    const { telemetry } = invented('io', [{ a: 1 }, null])
    telemetry.sample()
    expect(telemetry.sample({ isPhaseEnd: true })).toEqual([])
  })

  test('of the network namespace holds the counters that came with the cut', () => {
    const { telemetry } = invented('x', [null])
    const [first] = telemetry.sample({ netns: { 'TcpExt.ListenOverflows': 3, 'TcpExt.Whatever': 1 } })
    expect(first).toEqual({ source: 'netns', values: { 'TcpExt.ListenOverflows': 3 } })
  })
})

describe('a source', () => {
  test('that is read at the ends of phases alone is woken by the counters that it names, and not again too soon', () => {
    let tookMs = 10
    const { telemetry, state } = invented('backlog', [{ a: 1 }], {
      every: Number.POSITIVE_INFINITY,
      wakes: ['TcpExt.ListenDrops'],
      tookMs: () => tookMs,
    })
    const sample = (drops: number) => telemetry.sample({ netns: { 'TcpExt.ListenDrops': drops, 'Tcp.InSegs': 1 } })
    const readsAfter = (...counts: number[]) => {
      for (const drops of counts) sample(drops)
      return state.reads
    }
    expect(readsAfter(5, 5, 5)).toBe(1) // what there was before is nothing new
    expect(readsAfter(6, 6, 6)).toBe(2)
    // Two readings of 10 ms: the next may come 4 s later, and it does not get lost meanwhile.
    expect(readsAfter(7, 7)).toBe(2)
    state.nowMs += 4000
    tookMs = 0
    expect(readsAfter(7, 7)).toBe(3)
  })

  test('is read every n-th time, and whenever a phase ends', () => {
    const { telemetry, state } = invented('interrupts', [{ a: 1 }], { every: 5 })
    for (let n = 0; n < 10; n++) telemetry.sample()
    expect(state.reads).toBe(2)
    telemetry.sample({ isPhaseEnd: true })
    expect(state.reads).toBe(3)
  })

  test('that is dear rests until it costs at most a two-thousandth of the time', () => {
    const { telemetry, state } = invented('connections', [{ a: 1 }], { tookMs: () => 20 })
    for (let n = 0; n < 100; n++) {
      telemetry.sample()
      state.nowMs += 1000
    }
    // 20 ms each: at 0, 1 (one reading tells nothing), 42 and 83 s
    expect(state.reads).toBe(4)
    telemetry.sample({ isPhaseEnd: true })
    expect(state.reads).toBe(5)
  })

  test('that took long once, since something came in between, goes on', () => {
    let slow = 0
    const { telemetry, state } = invented('listeners', [{ a: 1 }], { tookMs: () => (slow++ % 2 === 0 ? 20 : 0.1) })
    for (let n = 0; n < 50; n++) {
      telemetry.sample()
      state.nowMs += 1000
    }
    expect(state.reads).toBe(50)
  })

  test('that is missing is told with the reason, once; one that has nothing to tell is not', () => {
    const lacking = (name: string, isNothing?: true): Source => ({
      name,
      from: 'the test',
      every: 1,
      open: () => ({ missing: `no ${name}`, ...(isNothing ? { isNothing } : {}) }),
    })
    const telemetry = createTelemetry(target(), { sources: [lacking('pressure'), lacking('nic', true)] })
    expect(telemetry.missing).toEqual([{ source: 'pressure', reason: 'no pressure' }])
    expect(telemetry.sample()).toEqual([])
  })

  test('is closed in the end', () => {
    const { telemetry, state } = invented('cpu', [{ a: 1 }])
    telemetry.close()
    expect(state.closed).toBe(true)
  })
})

describe('this host', () => {
  test('has a fact for each number that is sampled, and each is finite', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const telemetry = createTelemetry(target())
    onTestFinished(() => telemetry.close())
    const samples = telemetry.sample({ isPhaseEnd: true })
    const port = String((server.address() as { port: number }).port)
    expect(samples.find(({ source }) => source === 'listeners')?.values).toMatchObject({ [`${port}.waiting`]: 0 })
    expect(samples.map(({ source }) => source)).toEqual(
      expect.arrayContaining(['process', 'resources', 'threads', 'sockstat', 'netdev', 'cpu', 'vmstat', 'meminfo']),
    )
    for (const { source, values } of samples)
      for (const [name, value] of Object.entries(values)) {
        expect([source, name, metricOf(source, name) !== null]).toEqual([source, name, true])
        expect([name, Number.isFinite(value)]).toEqual([name, true])
      }
  })

  test('tells the descriptors of a process, one more for each it opens', () => {
    const telemetry = createTelemetry(target(), { sources: sources.filter(({ name }) => name === 'resources') })
    onTestFinished(() => telemetry.close())
    const fds = () => telemetry.sample({ isPhaseEnd: true })[0]?.values['fds']
    const before = fds()
    const opened = [1, 2, 3].map(() => openSync('/dev/null', 'r'))
    expect(fds()).toBe((before ?? Number.NaN) + 3)
    opened.map(closeSync)
  })

  test('tells how many connections wait to be accepted', async () => {
    const { pid, port, fill } = await stoppedServer(64)
    const read = sampler(pid, 'listeners')
    await fill(9)
    expect(read()).toEqual({ [`${port}.waiting`]: 9, [`${port}.sockets`]: 1 })
  })

  test('tells the limit of an accept queue, and what is dropped at it', async (ctx) => {
    const lacking = createTelemetry(target(), { sources: [listenBacklogs] }).missing[0]
    if (lacking) ctx.skip(lacking.reason)
    const { pid, port, fill, connectMore } = await stoppedServer(2)
    const read = sampler(pid, 'backlog')
    // A queue holds one more than its limit.
    await fill(3)
    const somaxconn = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
    expect(read()).toEqual({ [`${port}.limit`]: 2, [`${port}.drops`]: 0, somaxconn })
    connectMore()
    while ((read()?.[`${port}.drops`] ?? 0) === 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('loses what a process told when it ends, without a failure', async () => {
    const child = spawn('/bin/sleep', ['60'])
    await once(child, 'spawn')
    const telemetry = createTelemetry(target(child.pid))
    onTestFinished(() => telemetry.close())
    expect(telemetry.sample({ isPhaseEnd: true }).map(({ source }) => source)).toContain('resources')
    child.kill('SIGKILL')
    await once(child, 'exit')
    const left = telemetry.sample({ isPhaseEnd: true }).map(({ source }) => source)
    expect(left).not.toContain('resources')
    expect(left).not.toContain('process')
    expect(left).toContain('cpu')
  })
})

describe('a file that is kept open', () => {
  test('is read anew each time, whatever its length', () => {
    const folder = mkdtempSync(join(tmpdir(), 'probe-file-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'file')
    writeFileSync(path, 'x'.repeat(200_000))
    const file = openProcFile(path)
    if ('missing' in file) throw new Error(file.missing)
    onTestFinished(file.close)
    expect(file.read()).toHaveLength(200_000)
    writeFileSync(path, 'short')
    expect(file.read()).toBe('short')
  })

  test.each([
    ['/proc/sys/no/such', 'no /proc/sys/no/such on this host'],
    ['/proc/self', '/proc/self cannot be read (EISDIR)'],
  ])('%s is missing, with the reason', (path, missing) => {
    expect(openProcFile(path)).toEqual({ missing })
  })
})

describe('sums over threads', () => {
  test('count what each grew by, and all of one that is new', () => {
    const growth = createGrowth()
    expect(
      growth.add(
        new Map([
          [1, { wait: 100 }],
          [2, { wait: 7 }],
        ]),
      ),
    ).toEqual({ wait: 0 })
    expect(
      growth.add(
        new Map([
          [1, { wait: 130 }],
          [2, { wait: 7 }],
          [3, { wait: 5 }],
        ]),
      ),
    ).toEqual({ wait: 35 })
    // 1 has ended: what it grew by stays
    expect(
      growth.add(
        new Map([
          [2, { wait: 8 }],
          [3, { wait: 5 }],
        ]),
      ),
    ).toEqual({ wait: 36 })
  })
})

describe('the clocks', () => {
  const at = (wallMs: number, bootMs: number | null) => ({ wallMs, bootMs })
  test.each([
    ['go together', at(1000, 50), { wall_offset_ms: 0, boot_offset_ms: 0 }],
    ['drift', at(1003, 50), { wall_offset_ms: 3, boot_offset_ms: 0 }],
    ['are set back', at(-2000, 50), { wall_offset_ms: -3000, boot_offset_ms: 0 }],
    ['slept', at(11_000, 10_050), { wall_offset_ms: 10_000, boot_offset_ms: 10_000 }],
    ['are read in whole steps', at(1000, 40), { wall_offset_ms: 0, boot_offset_ms: 0 }],
    ['have no boot time', at(1000, null), { wall_offset_ms: 0 }],
  ])('%s', (_, now, expected) => {
    expect(driftOf(at(1000, 50), now)).toEqual(expected)
  })

  test('are read when nothing comes in between: the closest of a few tries counts', () => {
    // pairs of looks at the monotonic clock: 1 ms apart, 0.6 ms apart, 0.1 ms apart, and no more
    const looks = [0, 1, 10, 10.6, 20, 20.1]
    const walls = [1000, 1011, 1021]
    const offset = offsetOf(
      () => walls.shift() ?? null,
      () => looks.shift() ?? Number.NaN,
    )
    expect(offset).toBeCloseTo(1021 - 20.05)
    expect(walls).toEqual([])
  })

  test('are unknown while this process is stopped at every try, or where there is none', () => {
    let ms = 0
    const slow = () => {
      ms += 50
      return ms
    }
    expect(offsetOf(() => 1, slow)).toBeNull()
    expect(
      offsetOf(
        () => null,
        () => 0,
      ),
    ).toBeNull()
  })

  test.each([
    ['drift by what a correction slews', 0, 5, 10_000, null],
    ['jitter by the step they are read in', 0, 1, 20, null],
    [
      'step forward',
      0,
      40,
      1000,
      "the wall clock was set forward by 40 ms: times that other tools wrote move against the kernel's",
    ],
    [
      'step back',
      2,
      -3000,
      1000,
      "the wall clock was set back by 3.0 s: times that other tools wrote move against the kernel's",
    ],
  ])('that %s', (_, before, after, elapsedMs, expected) => {
    expect(describeJump({ wall_offset_ms: before }, { wall_offset_ms: after }, elapsedMs)).toBe(expected)
  })

  test('of a machine that slept are told as sleep, not as a step', () => {
    const before = { wall_offset_ms: 0, boot_offset_ms: 0 }
    expect(describeJump(before, { wall_offset_ms: 9000, boot_offset_ms: 9000 }, 1000)).toMatch(/slept for 9\.0 s/)
  })

  test('that jump are an event, told once', () => {
    const { telemetry } = invented('clock', [{ wall_offset_ms: 0 }, { wall_offset_ms: -60_000 }])
    telemetry.sample()
    telemetry.sample()
    expect(telemetry.events()).toEqual([expect.stringMatching(/^the wall clock was set back by 60\.0 s/)])
    expect(telemetry.events()).toEqual([])
  })
})
