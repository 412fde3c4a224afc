import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type {
  FramesRecord,
  LossRecord,
  PhaseRecord,
  RecordingRecord,
  StacksRecord,
  WindowRecord,
} from '../../../audit/recording/format.ts'
import { parseRecord } from '../../../audit/recording/reader.ts'
import { type Recorder, startRecorder } from '../../../audit/run/recorder.ts'
import { createTelemetry, type Telemetry } from '../../../audit/telemetry/telemetry.ts'
import {
  type Cut,
  createRoster,
  type DecodedStack,
  type ProbeWindow,
  standInTarget,
  type Target,
  type TraceSession,
} from '../../../probes/index.ts'
import { inventedHost } from '../host/invented-host.ts'

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'performance', 'hrtime', 'Date'],
    now: Date.UTC(2026, 10, 23),
  })
})
afterEach(() => {
  vi.useRealTimers()
})

const host = inventedHost({
  tracefs: null,
  privilege: { kind: 'yes', how: null },
  bpftrace: null,
  sysctls: { 'net.core.somaxconn': '4096' },
})
const target: Target = {
  processes: [{ pid: process.pid, starttime: 1, comm: 'api' }],
  ports: [8080],
  netnsInode: 1,
  netnsPid: process.pid,
  cgroup: null,
  selectedBy: 'pid',
  selector: `--pid ${process.pid}`,
  follow: false,
}

/** Boot time ahead of the monotonic clock, ns: a machine that slept. */
const SLEPT_NS = 5e12
/** A cut takes this long to be answered. */
const ANSWER_MS = 20

/** A tracing session whose kernel is the test: each cut is answered a little later, one at a time. */
function session(
  answer: (cut: { phase: number; withStacks: boolean; n: number }) => Partial<Cut> | Error = () => ({}),
) {
  const cuts: { phase: number; withStacks: boolean }[] = []
  let [phase, startNs, busy] = [0, 0, false]
  const bootNs = () => Number(process.hrtime.bigint()) + SLEPT_NS
  const window = (endNs: number, change: Partial<ProbeWindow> = {}): ProbeWindow => ({
    probe: 'waits',
    phase,
    startNs,
    endNs,
    data: { n: cuts.length },
    stacks: null,
    stacksStartNs: startNs,
    unit: 'ns',
    loss: [],
    notes: [],
    ...change,
  })
  const trace: TraceSession = {
    roster: createRoster(standInTarget(), 'no'),
    chosen: [],
    refused: [],
    programs: [],
    cut: async (next, withStacks) => {
      if (busy) throw new Error('two cuts at once')
      busy = true
      cuts.push({ phase: next, withStacks })
      const askedAtMonotonicNs = process.hrtime.bigint()
      const atNs = bootNs()
      const reply = answer({ phase: next, withStacks, n: cuts.length - 1 })
      await new Promise((resolve) => setTimeout(resolve, ANSWER_MS))
      busy = false
      if (reply instanceof Error) throw reply
      const windows = startNs === 0 ? [] : (reply.windows ?? [{}]).map((change) => window(atNs, change))
      startNs = atNs
      phase = next
      return {
        atNs,
        askedAtMonotonicNs,
        lostEvents: 0,
        mapFull: 0,
        truncatedLines: 0,
        counters: { 'TcpExt.ListenOverflows': cuts.length },
        notes: [],
        ...reply,
        windows,
      }
    },
    stop: async () => null,
    failed: new Promise(() => undefined),
    readerPid: () => null,
    hurry: () => undefined,
    tracerPids: () => [],
  }
  return { trace, cuts }
}

async function record(
  trace: TraceSession,
  options: { intervalMs?: number; firstWindowMs?: number; telemetry?: Telemetry } = {},
): Promise<{ recorder: Recorder; records: RecordingRecord[] }> {
  const records: RecordingRecord[] = []
  const starting = startRecorder({
    session: trace,
    host,
    target,
    plan: null,
    tool: 'probe/0.1.0',
    firstPhase: { name: 'attach', kind: 'mark' },
    intervalMs: 1000,
    firstWindowMs: 200,
    onRecord: (one) => records.push(one),
    ...options,
  })
  await vi.advanceTimersByTimeAsync(ANSWER_MS)
  return { recorder: await starting, records }
}
const elapse = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  // Whoever waits for it comes later; until then a failure is nobody's.
  work.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(ms)
  return work
}
const phases = (records: readonly RecordingRecord[]) =>
  records.filter((one): one is PhaseRecord => one.type === 'phase')
const windows = (records: readonly RecordingRecord[]) =>
  records.filter((one): one is WindowRecord => one.type === 'window')
const stack = (value: number, ...frames: string[]): DecodedStack => ({ value, count: 1, frames })

describe('a recording', () => {
  test('begins with its header, then its phase, at time zero', async () => {
    const { records } = await record(session().trace)
    expect(records.map(({ type }) => type).slice(0, 3)).toEqual(['header', 'phase', 'telemetry'])
    expect(records[0]).toMatchObject({
      format: 'probe-recording',
      version: 1,
      started: '2026-11-23T00:00:00.000Z',
      target: { processes: [{ pid: process.pid, comm: 'api' }], ports: [8080] },
      sysctls: { 'net.core.somaxconn': '4096' },
    })
    expect(records[1]).toEqual({ type: 'phase', id: 1, name: 'attach', kind: 'mark', start_us: 0 })
  })

  test('says once which telemetry is unknown here, and why', async () => {
    const sources = [
      { name: 'cgroup', from: '', every: 1, open: () => ({ missing: 'none is mounted' }) },
      { name: 'nic', from: '', every: 1, open: () => ({ missing: 'no card', isNothing: true as const }) },
    ]
    const { recorder, records } = await record(session().trace, { telemetry: createTelemetry(target, { sources }) })
    await elapse(ANSWER_MS, recorder.mark('later'))
    const notes = records.flatMap((one) => (one.type === 'note' ? [one.text] : []))
    expect(notes.filter((text) => text.includes('unknown here'))).toEqual(['cgroup: unknown here (none is mounted)'])
  })

  test('says which probes could not be attached', async () => {
    const { trace } = session()
    trace.refused.push({ probe: 'locks', reason: 'no tracepoint' })
    const { records } = await record(trace)
    expect(records).toContainEqual({ type: 'note', t_us: 0, text: 'locks: not attached: no tracepoint' })
  })

  test('has a short first window, then one each interval', async () => {
    const { records } = await record(session().trace)
    await vi.advanceTimersByTimeAsync(4000)
    const ends = windows(records).map(({ end_us }) => end_us / 1000)
    expect(ends).toHaveLength(4)
    expect(ends[0]).toBeLessThanOrEqual(200 + ANSWER_MS)
    for (let i = 1; i < ends.length; i++) expect((ends[i] ?? 0) - (ends[i - 1] ?? 0)).toBe(1000)
  })

  test('has windows that touch, without gap and without overlap', async () => {
    const { recorder, records } = await record(session().trace)
    await vi.advanceTimersByTimeAsync(2500)
    await elapse(ANSWER_MS, recorder.startPhase('stress', 'stress'))
    await vi.advanceTimersByTimeAsync(1700)
    await elapse(ANSWER_MS, recorder.finish())
    const spans = windows(records).map(({ start_us, end_us }) => [start_us, end_us])
    expect(spans[0]?.[0]).toBe(0)
    for (let i = 1; i < spans.length; i++) expect(spans[i]?.[0]).toBe(spans[i - 1]?.[1])
  })

  test('has no window that crosses a phase, and no phase without its windows', async () => {
    const { recorder, records } = await record(session().trace)
    for (const [waitMs, name] of [
      [50, 'a'],
      [350, 'b'],
      [2100, 'c'],
      [0, 'd'],
    ] as const) {
      await vi.advanceTimersByTimeAsync(waitMs)
      await elapse(ANSWER_MS, recorder.startPhase(name, 'mark'))
    }
    await vi.advanceTimersByTimeAsync(1500)
    await elapse(ANSWER_MS, recorder.finish())
    const ended = phases(records).filter((one) => one.end_us !== undefined)
    expect(ended.map(({ name }) => name)).toEqual(['attach', 'a', 'b', 'c', 'd'])
    for (const { id, start_us, end_us } of ended) {
      const own = windows(records).filter((window) => window.phase === id)
      expect(own[0]?.start_us).toBe(start_us)
      expect(own.at(-1)?.end_us).toBe(end_us)
    }
  })

  test('holds only what its format allows', async () => {
    const { recorder, records } = await record(session().trace)
    await vi.advanceTimersByTimeAsync(2500)
    await elapse(ANSWER_MS, recorder.mark('stress'))
    await elapse(ANSWER_MS, recorder.finish())
    for (const one of records) expect(parseRecord(JSON.stringify(one))).toEqual(one)
  })

  test('is not thrown off by a machine that sleeps: both clocks are in the header', async () => {
    const { records } = await record(session().trace)
    const [first] = records
    if (first?.type !== 'header') throw new Error('no header')
    expect(Number(first.clock.boottime_ns) - Number(first.clock.monotonic_ns)).toBe(SLEPT_NS)
  })
})

describe('a phase', () => {
  test('begins where the one before ended, exactly at its cut', async () => {
    const { recorder, records } = await record(session().trace)
    await vi.advanceTimersByTimeAsync(500)
    const begun = await elapse(ANSWER_MS, recorder.startPhase('stress', 'stress'))
    expect(begun).toMatchObject({ id: 2, name: 'stress', kind: 'stress' })
    const [, ended] = phases(records)
    expect(ended).toMatchObject({ id: 1, start_us: 0, end_us: begun.start_us })
    const order = records.slice(-3).map(({ type }) => type)
    expect(order.slice(-2)).toEqual(['phase', 'phase'])
  })

  test('has the last sample of the counters at its end, and the next begins with it', async () => {
    const { recorder, records } = await record(session().trace)
    await elapse(ANSWER_MS, recorder.startPhase('stress', 'stress'))
    const at = records.findLastIndex((one) => one.type === 'phase' && one.id === 2)
    const sample = records.slice(0, at).findLast((one) => one.type === 'telemetry' && one.source === 'netns')
    expect(sample).toMatchObject({ t_us: phases(records).at(-1)?.start_us })
  })

  test('has a last sample of every source, dear ones too', async () => {
    const { recorder, records } = await record(session().trace)
    const sampledSince = (from: number) =>
      new Set(records.slice(from).flatMap((one) => (one.type === 'telemetry' ? [one.source] : [])))
    const first = sampledSince(0)
    expect(first.size).toBeGreaterThan(10)
    await vi.advanceTimersByTimeAsync(1500)
    const before = records.length
    await elapse(ANSWER_MS, recorder.startPhase('stress', 'stress'))
    expect(sampledSince(before)).toEqual(first)
  })

  test.each([
    ['stress', 'stress', 'stress'],
    ['deploy 17', 'deploy 17', 'mark'],
    ['a\x1b[2J\u202e', 'a\\x1b[2J\\u202e', 'mark'],
    ['load of /?token=s3cr3t', 'load of /?token=(hidden)', 'mark'],
    ['x'.repeat(500), `${'x'.repeat(63)}…`, 'mark'],
  ])('that a mark begins is named and kept safe: %j', async (label, name, kind) => {
    const { recorder, records } = await record(session().trace)
    expect(await elapse(ANSWER_MS, recorder.mark(label))).toMatchObject({ id: 2, name, kind })
    expect(records.at(-1)).toMatchObject({ type: 'mark', text: name })
  })

  test('waits for the cut that is under way: ticks and marks take turns', async () => {
    const { trace, cuts } = session()
    const { recorder, records } = await record(trace)
    // The tick at 200 ms is being answered when two marks and the end come.
    await vi.advanceTimersByTimeAsync(205)
    const all = Promise.all([recorder.mark('a'), recorder.mark('b'), recorder.finish()])
    const [a, b] = await elapse(4 * ANSWER_MS, all)
    expect([a.id, b.id]).toEqual([2, 3])
    expect(cuts.map(({ phase }) => phase)).toEqual([1, 1, 2, 3, 4])
    expect(phases(records).map(({ id, end_us }) => [id, end_us !== undefined])).toEqual([
      [1, false],
      [1, true],
      [2, false],
      [2, true],
      [3, false],
      [3, true],
    ])
  })
})

describe('stacks', () => {
  test('are taken at once when many processes came, each with stacks of its own', async () => {
    let joined = 0
    const { trace, cuts } = session(({ n }) => {
      if (n === 2) joined = 600
      return {}
    })
    trace.roster = { ...trace.roster, counts: () => ({ processes: 1, joined, ended: 0, lost: 0, unwatched: 0 }) }
    const { recorder } = await record(trace)
    await vi.advanceTimersByTimeAsync(4_500)
    await elapse(ANSWER_MS, recorder.finish())
    expect(cuts.slice(1, 6).map(({ withStacks }) => withStacks)).toEqual([false, false, true, false, false])
  })

  test('are asked for every five seconds, and at the end of each phase', async () => {
    const { trace, cuts } = session()
    const { recorder } = await record(trace)
    await vi.advanceTimersByTimeAsync(12_500)
    await elapse(ANSWER_MS, recorder.startPhase('b', 'mark'))
    await vi.advanceTimersByTimeAsync(2_000)
    await elapse(ANSWER_MS, recorder.finish())
    const inFirst = cuts.slice(1).findIndex(({ phase }) => phase === 2)
    const asked = cuts.slice(1, 1 + inFirst).filter(({ withStacks }) => withStacks)
    expect(asked).toHaveLength(2)
    expect(
      cuts.filter((cut, n) => n > 0 && cut.phase !== cuts[n - 1]?.phase).every(({ withStacks }) => withStacks),
    ).toBe(true)
  })

  test('name their frames once, before they are used', async () => {
    const taken = [
      [stack(5, 'main', 'read'), stack(7, 'main', 'write')],
      [stack(9, 'main', 'read')],
      [stack(1, 'main', 'poll')],
    ]
    const { trace } = session(({ n }) => ({ windows: [{ stacks: taken[n - 1] ?? [] } as ProbeWindow] }))
    const { recorder, records } = await record(trace)
    await vi.advanceTimersByTimeAsync(2500)
    await elapse(ANSWER_MS, recorder.finish())
    const names: string[] = []
    const read: string[][] = []
    for (const one of records) {
      if (one.type === 'frames') {
        expect((one satisfies FramesRecord).from).toBe(names.length)
        names.push(...one.names)
      }
      if (one.type === 'stacks')
        for (const [value, , ids] of (one satisfies StacksRecord).rows)
          read.push([String(value), ...ids.map((id) => names[id] ?? 'not named yet')])
    }
    expect(names).toEqual(['main', 'read', 'write', 'poll'])
    expect(read).toEqual([
      ['5', 'main', 'read'],
      ['7', 'main', 'write'],
      ['9', 'main', 'read'],
      ['1', 'main', 'poll'],
    ])
  })

  test('say what span they cover, which may begin before their window', async () => {
    let firstNs = 0
    const { trace } = session(({ n }) => {
      if (n === 0) firstNs = Number(process.hrtime.bigint()) + SLEPT_NS
      return n < 2 ? {} : { windows: [{ stacks: [stack(1, 'main')], stacksStartNs: firstNs } as ProbeWindow] }
    })
    const { records } = await record(trace)
    await vi.advanceTimersByTimeAsync(1500)
    const found = records.find((one) => one.type === 'stacks')
    expect(found).toMatchObject({ start_us: 0, end_us: windows(records)[1]?.end_us })
  })
})

describe('what was lost', () => {
  test('is told with the span it was lost in, by whom', async () => {
    const { trace } = session(({ n }) =>
      n === 2
        ? {
            lostEvents: 7,
            mapFull: 1,
            truncatedLines: 0,
            windows: [{ loss: [{ kind: 'untracked', count: 3 }] } as ProbeWindow],
          }
        : {},
    )
    const { records } = await record(trace)
    await vi.advanceTimersByTimeAsync(2500)
    const [, second] = windows(records)
    const losses = records.filter((one): one is LossRecord => one.type === 'loss')
    const span = { start_us: second?.start_us, end_us: second?.end_us }
    expect(losses).toEqual([
      { type: 'loss', ...span, probe: 'waits', kind: 'untracked', count: 3 },
      { type: 'loss', ...span, probe: 'tracer', kind: 'lost_events', count: 7 },
      { type: 'loss', ...span, probe: 'tracer', kind: 'map_full', count: 1 },
    ])
  })
})

describe('the end', () => {
  test('comes once: nothing is recorded after it, and marks are refused', async () => {
    const { trace, cuts } = session()
    const { recorder, records } = await record(trace)
    await elapse(ANSWER_MS, recorder.finish())
    const [recorded, made] = [records.length, cuts.length]
    await vi.advanceTimersByTimeAsync(5000)
    await expect(elapse(ANSWER_MS, recorder.mark('late'))).rejects.toThrow(/ended/)
    await elapse(ANSWER_MS, recorder.finish())
    expect([records.length, cuts.length]).toEqual([recorded, made])
  })

  test('of the tracer ends the phase with what was there', async () => {
    const { trace } = session(({ n }) => (n >= 3 ? new Error('bpftrace ended: killed by SIGKILL') : {}))
    const { recorder, records } = await record(trace)
    await vi.advanceTimersByTimeAsync(2500)
    expect(await recorder.failed).toMatchObject({ message: 'bpftrace ended: killed by SIGKILL' })
    const before = windows(records).length
    expect(before).toBe(2)
    await expect(elapse(ANSWER_MS, recorder.finish())).rejects.toThrow('killed by SIGKILL')
    expect(windows(records)).toHaveLength(before)
    const last = phases(records).at(-1)
    expect(last).toMatchObject({ id: 1 })
    expect(last?.end_us).toBeGreaterThanOrEqual(windows(records).at(-1)?.end_us ?? Number.NaN)
  })

  test('of the tracer during a mark is the mark’s failure, and the phase goes on in the recording', async () => {
    const { trace } = session(({ phase }) => (phase === 2 ? new Error('no answer') : {}))
    const { recorder, records } = await record(trace)
    await expect(elapse(ANSWER_MS, recorder.mark('x'))).rejects.toThrow('no answer')
    expect(phases(records).map(({ id }) => id)).toEqual([1])
  })
})
