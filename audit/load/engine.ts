import type { Connection, OpenConnection } from './connection.ts'
import { createFifo } from './fifo.ts'
import type { Outcome } from './outcome.ts'
import type { LoadOptions, Report, WireSlice } from './protocol.ts'
import { dueAtMs, dueBefore, type RateRamp } from './schedule.ts'
import { openTally, type Tally } from './tally.ts'

const SLICE_MS = 1000
/** Idle connections are opened this many at a time: a warm-up must not overflow a short accept queue. */
const WARM_UP_WIDTH = 4
const WARM_UP_MS = 2000

/** The open loop: sends what the timetable says when it says so, and keeps the books. One phase at a time. */
export interface Engine {
  /** Opens the kept connections with one request each, outside any phase, for at most two seconds. */
  warmUp(): Promise<void>
  startPhase(phase: { id: number; rates: RateRamp; discard: boolean }): void
  /** Ends the phase, gives up every request under way and reports the rest. Nothing is sent after. */
  stop(): void
}

interface Request {
  tally: Tally
  intendedMs: number
  sentMs: number
  connection: Connection | null
  decided: boolean
}

interface RunningPhase {
  tally: Tally
  rates: RateRamp
  startMs: number
  admitted: number
  planned: number
}

export function createEngine(options: LoadOptions, open: OpenConnection, report: (report: Report) => void): Engine {
  // performance.now() reads CLOCK_MONOTONIC like hrtime, without a bigint per reading.
  const originNs = process.hrtime.bigint() - BigInt(Math.round(performance.now() * 1e6))
  const nsOf = (ms: number) => String(originNs + BigInt(Math.round(ms * 1e6)))

  const limit =
    options.mode === 'per-request' ? options.maxInFlight : Math.min(options.connections, options.maxInFlight)
  const free = createFifo<Connection>()
  const queue = createFifo<Request>()
  /** every admitted request in the order of its deadline, which is the order of intended starts */
  const deadlines = createFifo<Request>()
  /** books still open, with the time of their last cut */
  const books = new Map<Tally, number>()
  let connections = 0
  let waiting = 0
  let phase: RunningPhase | null = null
  let nextCutMs = 0
  let cpuUs = cpuTimeUs()
  let timer: NodeJS.Timeout | null = null
  let stopped = false

  function takeFree(): Connection | undefined {
    if (free.size > 0) return free.shift()
    if (connections === limit) return undefined
    connections++
    return open()
  }

  function admitDue(nowMs: number): void {
    if (!phase) return
    const due = dueBefore(phase.rates, nowMs - phase.startMs)
    while (phase.admitted < due) {
      const intendedMs = phase.startMs + dueAtMs(phase.rates, phase.admitted++)
      const tally = phase.tally
      tally.admit(performance.now() - intendedMs)
      const connection = takeFree()
      if (!connection && waiting >= options.maxQueue) {
        tally.drop()
        continue
      }
      const request: Request = { tally, intendedMs, sentMs: 0, connection: null, decided: false }
      deadlines.push(request)
      if (connection) send(request, connection, false)
      else {
        queue.push(request)
        tally.enqueue()
        waiting++
      }
    }
  }

  function send(request: Request, connection: Connection, fromQueue: boolean): void {
    request.connection = connection
    request.sentMs = performance.now()
    request.tally.send(fromQueue)
    connection.send(
      (outcome) => decide(request, outcome),
      () => release(connection),
    )
  }

  function release(connection: Connection): void {
    if (stopped) return
    let next = queue.shift()
    while (next?.decided) next = queue.shift()
    if (next) {
      waiting--
      send(next, connection, true)
    } else free.push(connection)
    admitDue(performance.now())
  }

  function decide(request: Request, outcome: Outcome): void {
    if (request.decided || stopped) return
    request.decided = true
    const nowMs = performance.now()
    const serviceMs = request.connection ? nowMs - request.sentMs : null
    request.tally.decide(outcome, nowMs - request.intendedMs, serviceMs)
    if (request.tally !== phase?.tally) closeIfDrained(request.tally, nowMs)
  }

  function expire(nowMs: number): void {
    for (let head = deadlines.peek(); head; head = deadlines.peek()) {
      if (!head.decided && head.intendedMs + options.timeoutMs > nowMs) return
      deadlines.shift()
      if (head.decided) continue
      if (!head.connection) waiting--
      decide(head, 'timeout')
      head.connection?.abort()
    }
  }

  function cut(tally: Tally, endMs: number): void {
    const startMs = books.get(tally) ?? endMs
    books.set(tally, endMs)
    const isRunning = phase?.tally === tally
    if (phase && isRunning) {
      const due = dueBefore(phase.rates, endMs - phase.startMs)
      tally.plan(due - phase.planned)
      phase.planned = due
    } else if (!tally.dirty) return
    const usedUs = isRunning ? cpuTimeUs() - cpuUs : 0
    cpuUs += usedUs
    const { planned, hist, inFlight, queued, sent, done, errors } = tally.cut()
    if (tally.discard || endMs <= startMs) return
    const slice: WireSlice = {
      phase: tally.id,
      startNs: nsOf(startMs),
      endNs: nsOf(endMs),
      target_rps: (planned * 1000) / (endMs - startMs),
      sent,
      done,
      errors,
      in_flight: inFlight,
      queued,
      hist,
      generator_cpu_us: usedUs,
    }
    report({ type: 'slice', slice })
  }

  function cutAll(endMs: number): void {
    for (const tally of books.keys()) cut(tally, endMs)
    nextCutMs = endMs + SLICE_MS
  }

  function closeIfDrained(tally: Tally, nowMs: number): void {
    if (tally.inFlight + tally.queued > 0 || !books.has(tally)) return
    cut(tally, nowMs)
    books.delete(tally)
    report({ type: 'drained', id: tally.id, totals: tally.totals() })
  }

  function endPhase(endMs: number): void {
    if (!phase) return
    const ended = phase
    cutAll(endMs)
    phase = null
    report({ type: 'ended', id: ended.tally.id, startNs: nsOf(ended.startMs), endNs: nsOf(endMs) })
    closeIfDrained(ended.tally, endMs)
  }

  function tick(): void {
    timer = null
    if (stopped) return
    const nowMs = performance.now()
    admitDue(nowMs)
    expire(nowMs)
    const endMs = phase ? phase.startMs + phase.rates.durationMs : Number.POSITIVE_INFINITY
    if (nowMs >= endMs) endPhase(endMs)
    else if (nowMs >= nextCutMs && books.size > 0) cutAll(nowMs)
    rearm()
  }

  function rearm(): void {
    if (timer) clearTimeout(timer)
    if (!phase && books.size === 0) return
    const nowMs = performance.now()
    let nextMs = nextCutMs
    const head = deadlines.peek()
    if (head) nextMs = Math.min(nextMs, head.intendedMs + options.timeoutMs)
    if (phase) {
      nextMs = Math.min(nextMs, phase.startMs + phase.rates.durationMs)
      if (phase.admitted < dueBefore(phase.rates, phase.rates.durationMs))
        nextMs = Math.min(nextMs, phase.startMs + dueAtMs(phase.rates, phase.admitted))
    }
    timer = setTimeout(tick, Math.max(1, Math.floor(nextMs - nowMs)))
  }

  return {
    warmUp: () =>
      new Promise((resolve) => {
        let toOpen = options.mode === 'per-request' ? 1 : limit
        const opening = new Set<Connection>()
        const bound = setTimeout(
          () => {
            toOpen = 0
            for (const connection of opening) connection.abort()
          },
          Math.min(WARM_UP_MS, options.timeoutMs),
        )
        const next = () => {
          if (toOpen > 0) {
            toOpen--
            connections++
            const connection = open()
            opening.add(connection)
            connection.send(
              () => {},
              () => {
                opening.delete(connection)
                release(connection)
                next()
              },
            )
          } else if (opening.size === 0) {
            clearTimeout(bound)
            resolve()
          }
        }
        for (let width = 0; width < WARM_UP_WIDTH; width++) next()
      }),
    startPhase: ({ id, rates, discard }) => {
      const startMs = performance.now()
      cutAll(startMs)
      cpuUs = cpuTimeUs()
      phase = { tally: openTally(id, discard), rates, startMs, admitted: 0, planned: 0 }
      books.set(phase.tally, startMs)
      rearm()
    },
    stop: () => {
      const nowMs = performance.now()
      stopped = true
      if (timer) clearTimeout(timer)
      endPhase(nowMs)
      for (const tally of books.keys()) {
        cut(tally, nowMs)
        report({ type: 'drained', id: tally.id, totals: tally.totals() })
      }
      books.clear()
      for (let head = deadlines.shift(); head; head = deadlines.shift()) if (!head.decided) head.connection?.abort()
    },
  }
}

function cpuTimeUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
