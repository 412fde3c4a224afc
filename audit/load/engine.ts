import { createBooks } from './books.ts'
import type { Connection, Opener } from './connection.ts'
import { createFifo } from './fifo.ts'
import { mixOf } from './mix.ts'
import type { Outcome } from './outcome.ts'
import type { LoadOptions, Report } from './protocol.ts'
import type { PreparedRequest } from './request.ts'
import { dueAtMs, dueBefore, type RateRamp } from './schedule.ts'
import type { Tally } from './tally.ts'

/** Idle connections are opened this many at a time: a warm-up must not overflow a short accept queue. */
const WARM_UP_WIDTH = 4
const WARM_UP_MS = 2000

/** The open loop: sends what the timetable says when it says so, and keeps the books. One phase at a time. */
export interface Engine {
  /** Opens the kept connections with one request each, outside any phase, for at most two seconds. */
  warmUp(): Promise<void>
  /** `startNs`: CLOCK_MONOTONIC */
  startPhase(phase: { id: number; rates: RateRamp; discard: boolean; startNs: bigint }): void
  /** Ends the phase, gives up every request under way and reports the rest. Nothing is sent after. */
  stop(): void
}

interface Request {
  prepared: PreparedRequest
  tally: Tally
  intendedMs: number
  sentMs: number
  /** null while it waits for one */
  slot: Slot | null
  decided: boolean
}

interface Slot {
  connection: Connection
  current: Request | null
  /** called once when the request that warmed it is over */
  onWarm: (() => void) | null
}

interface RunningPhase {
  tally: Tally
  rates: RateRamp
  startMs: number
  endMs: number
  /** number in the whole timetable of this process's next request, which is due at `nextMs` */
  next: number
  nextMs: number
  total: number
}

export function createEngine(
  options: LoadOptions,
  requests: readonly PreparedRequest[],
  opener: Opener,
  report: (report: Report) => void,
): Engine {
  // performance.now() reads CLOCK_MONOTONIC like hrtime, without a bigint per reading.
  const originNs = process.hrtime.bigint() - BigInt(Math.round(performance.now() * 1e6))
  const books = createBooks((ms) => String(originNs + BigInt(Math.round(ms * 1e6))), report)
  const { index: shard, of: shards } = options.shard
  const mix = mixOf(options.requests.map(({ weight }) => weight)).flatMap((index) => requests[index] ?? [])

  const free = createFifo<Slot>()
  const queue = createFifo<Request>()
  /** every admitted request in the order of its deadline, which is the order of intended starts */
  const deadlines = createFifo<Request>()
  let opened = 0
  let waiting = 0
  let phase: RunningPhase | null = null
  let timer: NodeJS.Timeout | null = null
  let stopped = false

  function open(): Slot {
    opened++
    const connection = opener.open(
      (outcome) => {
        const request = slot.current
        slot.current = null
        if (request) decide(request, outcome)
      },
      () => release(slot),
    )
    const slot: Slot = { connection, current: null, onWarm: null }
    return slot
  }

  function takeFree(): Slot | undefined {
    if (free.size > 0) return free.shift()
    return opened < opener.limit ? open() : undefined
  }

  function admitDue(nowMs: number): void {
    while (phase && phase.nextMs <= nowMs) {
      const { tally, nextMs: intendedMs, next } = phase
      const prepared = mix[next % mix.length]
      phase.next += shards
      phase.nextMs = nextDueMs(phase)
      if (!prepared) return
      const slot = takeFree()
      nowMs = performance.now()
      tally.admit(nowMs - intendedMs)
      if (!slot && waiting >= options.maxQueue) {
        tally.drop()
        continue
      }
      const request: Request = { prepared, tally, intendedMs, sentMs: 0, slot: null, decided: false }
      deadlines.push(request)
      if (slot) send(request, slot, nowMs, false)
      else {
        queue.push(request)
        tally.enqueue()
        waiting++
      }
    }
  }

  function send(request: Request, slot: Slot, nowMs: number, fromQueue: boolean): void {
    request.slot = slot
    request.sentMs = nowMs
    slot.current = request
    request.tally.send(fromQueue)
    slot.connection.send(request.prepared)
  }

  function release(slot: Slot): void {
    if (stopped) return
    if (slot.onWarm) {
      free.push(slot)
      slot.onWarm()
      slot.onWarm = null
      return
    }
    let next = queue.shift()
    while (next?.decided) next = queue.shift()
    const nowMs = performance.now()
    if (next) {
      waiting--
      send(next, slot, nowMs, true)
    } else free.push(slot)
    admitDue(nowMs)
  }

  function decide(request: Request, outcome: Outcome): void {
    if (request.decided || stopped) return
    request.decided = true
    const nowMs = performance.now()
    const { tally, slot } = request
    tally.decide(outcome, nowMs - request.intendedMs, slot ? nowMs - request.sentMs : null)
    if (tally !== phase?.tally) books.settle(tally, nowMs)
  }

  function expire(nowMs: number): void {
    for (let head = deadlines.peek(); head; head = deadlines.peek()) {
      if (!head.decided && head.intendedMs + options.timeoutMs > nowMs) return
      deadlines.shift()
      if (head.decided) continue
      if (!head.slot) waiting--
      decide(head, 'timeout')
      head.slot?.connection.abort()
    }
  }

  function endPhase(endMs: number): void {
    if (!phase) return
    const { tally } = phase
    phase = null
    books.end(endMs)
    books.settle(tally, endMs)
  }

  function tick(): void {
    timer = null
    if (stopped) return
    const nowMs = performance.now()
    const isOver = phase !== null && nowMs >= phase.endMs
    // What is due belongs to the phase that ends, not to its echo; within the phase, to the second that begins.
    if (isOver) admitDue(nowMs)
    books.cutDue(phase && isOver ? phase.endMs : nowMs)
    admitDue(nowMs)
    expire(nowMs)
    if (phase && isOver) endPhase(phase.endMs)
    rearm()
  }

  function rearm(): void {
    if (timer) clearTimeout(timer)
    timer = null
    const head = deadlines.peek()
    const nextMs = Math.min(
      books.nextCutMs(),
      head ? head.intendedMs + options.timeoutMs : Number.POSITIVE_INFINITY,
      phase ? Math.min(phase.endMs, phase.nextMs) : Number.POSITIVE_INFINITY,
    )
    if (nextMs < Number.POSITIVE_INFINITY) timer = setTimeout(tick, Math.max(1, Math.floor(nextMs - performance.now())))
  }

  function warmUp(): Promise<void> {
    return new Promise((resolve) => {
      const request = requests.find(({ method }) => method === 'GET' || method === 'HEAD') ?? requests[0]
      let toOpen = request ? opener.toWarm : 0
      const opening = new Set<Connection>()
      const bound = setTimeout(
        () => {
          toOpen = 0
          for (const connection of opening) connection.abort()
        },
        Math.min(WARM_UP_MS, options.timeoutMs),
      )
      const next = (): void => {
        if (toOpen > 0 && request && !stopped) {
          toOpen--
          const slot = open()
          opening.add(slot.connection)
          slot.onWarm = () => {
            opening.delete(slot.connection)
            next()
          }
          slot.connection.send(request)
        } else if (opening.size === 0) {
          clearTimeout(bound)
          resolve()
        }
      }
      for (let width = 0; width < WARM_UP_WIDTH; width++) next()
    })
  }

  return {
    warmUp,
    startPhase: ({ id, rates, discard, startNs }) => {
      const startMs = Number(startNs - originNs) / 1e6
      const tally = books.open({ id, discard, startMs, dueBefore: (ms) => ownOf(dueBefore(rates, ms - startMs)) })
      const total = dueBefore(rates, rates.durationMs)
      phase = { tally, rates, startMs, endMs: startMs + rates.durationMs, next: shard, nextMs: 0, total }
      phase.nextMs = nextDueMs(phase)
      rearm()
    },
    stop: () => {
      const nowMs = performance.now()
      stopped = true
      if (timer) clearTimeout(timer)
      endPhase(phase ? Math.min(nowMs, phase.endMs) : nowMs)
      books.closeAll(nowMs)
      for (let head = deadlines.shift(); head; head = deadlines.shift())
        if (!head.decided) head.slot?.connection.abort()
    },
  }

  /** Of the first `count` requests of the timetable those that this process sends. */
  function ownOf(count: number): number {
    return Math.max(0, Math.ceil((count - shard) / shards))
  }
}

function nextDueMs({ rates, startMs, next, total }: RunningPhase): number {
  return next < total ? startMs + dueAtMs(rates, next) : Number.POSITIVE_INFINITY
}
