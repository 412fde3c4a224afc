import { type ChildProcess, spawn } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RawFrame } from '../engine/frame.ts'
import { CLEAN_ENVIRONMENT, findProgram } from '../host/privilege.ts'
import { readSchedCpuNs } from '../host/process.ts'
import { limited } from '../host/resource-limits.ts'
import { createLineSplitter } from '../lines.ts'
import { sanitizeText } from '../text.ts'
import type { NamesByAddress } from './frames.ts'
import type { NamingAdvice } from './naming-advice.ts'
import { type Answer, messageSchema, type NameOf, type Request } from './reader-protocol.ts'

/**
 * Reads for the recorder what belongs to other users' processes, in a process of its own: whatever a file does to who
 * reads it, windows go on, signals are obeyed and the run ends in time. A process and no thread: what stands in a read of
 * a file system that does not answer can be neither stopped nor waited for, and its process cannot end.
 *
 * Nothing here fails or waits for long. What could not be read has no name, and a note says why.
 */
export interface SymbolReader {
  /** a process of the target: what is mapped there is opened while it lives */
  add: (pid: number) => void
  /** a process that has ended, or is no longer looked at */
  remove: (pid: number) => void
  /** looks at maps and perf maps again; at the end of a phase in any case */
  refresh: (phaseEnds: boolean) => Promise<void>
  /** learns the names of these user frames (addresses as hex), as far as that can be had in a moment */
  learn: (addresses: Iterable<string>) => Promise<void>
  /** tells what will be missing from stacks, and what to do about it; resolves when that is told, or is not worth waiting for */
  advise: (tell: (advice: readonly NamingAdvice[]) => void) => Promise<void>
  /** what has been learnt */
  names: NamesByAddress
  /** just-in-time compiled function; untrusted text */
  jitName: (frame: RawFrame) => string | null
  /** somebody waits for the end: names are waited for no longer than for a moment */
  hurry: () => void
  /** what was left out since the last call, safe to show */
  takeNotes: () => string[]
  /** pid of the process that reads now; null: there is none */
  pid: () => number | null
  close: () => void
}

export interface ReaderOptions {
  pids?: readonly number[]
  /** shorter times than usual, in tests */
  limits?: Partial<typeof TIMES>
  /** the program that reads, in tests */
  entry?: string
}

const TIMES = {
  /** Without CPU time of its own for so long, it stands in something that does not answer. */
  stuckMs: 4_000,
  /** A request that takes longer is given up whatever it does; a Node program of 100 MB is read in one second. */
  requestMs: 15_000,
  /** The recorder waits so long for names: later ones are there for the stacks to come. */
  patienceMs: 3_000,
  lastPatienceMs: 1_000,
}

const READ_ANEW = 'reading the files of the target began anew'
/** Killed more often, it is not started again. */
const STARTS = 4
const WATCH_EVERY_MS = 250
const NAMES_KEPT = 65_536
/** Addresses asked for at once; a window of very many stacks has some ten thousand. */
const ADDRESSES_AT_ONCE = 65_536
const UNANSWERED = 4
/** Of hundreds of workers most have mapped the same, at the same places. */
const PROCESSES = 256
/** 65 536 answers with names of 2 KiB would be more: then lines are dropped, and the request is late. */
const ANSWER_BYTES = 64 * 1024 * 1024
/**
 * Heap, and everything together: symbols 50 MB, perf maps 100 MB, what is unpacked 128 MB, at their limits. Node counts
 * for 600 MB before it does anything, most of which it never touches (it has 70 MB then).
 */
const HEAP_MB = 128
const DATA_BYTES = 1200 * 1024 * 1024

export async function startReader({
  pids = [],
  limits = {},
  entry = ENTRY,
}: ReaderOptions = {}): Promise<SymbolReader> {
  const times = { ...TIMES, ...limits }
  const [xz, limit, setpriv] = await Promise.all([
    findProgram('xz'),
    limited({ dataBytes: DATA_BYTES }),
    findProgram('setpriv'),
  ])
  const watched = new Set<number>()
  const barred = new Set<string>()
  const notes: string[] = []
  const pending = new Map<number, Pending>()
  const known = new Map<string, NameOf>()
  let child: ChildProcess | null = null
  let reading: { key: string; what: string } | null = null
  let starts = 0
  let nextId = 0
  let closed = false
  let leaving = false

  const note = (text: string) => {
    if (!notes.includes(text)) notes.push(text)
  }

  const start = (): ChildProcess | null => {
    if (closed || starts >= STARTS) return null
    starts++
    const node = [process.execPath, `--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=2', entry]
    // --pdeathsig: it may stand in a read when this process dies, and then never hears of it.
    const [file = '', ...args] = [...limit, ...(setpriv ? [setpriv, '--pdeathsig', 'KILL', '--'] : []), ...node]
    const started = spawn(file, args, {
      env: { ...CLEAN_ENVIRONMENT, MALLOC_ARENA_MAX: '2' },
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    // It is never waited for: this process ends when it has nothing else to do.
    started.unref()
    const lines = createLineSplitter(hear, {
      limit: ANSWER_BYTES,
      onDropped: () => lose('since the answer was too long'),
    })
    const [stdin, stdout] = [started.stdin, started.stdout]
    for (const stream of [stdin, stdout])
      if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
    stdin?.on('error', () => undefined) // it has ended, which is told below
    stdout?.on('data', (chunk: Buffer) => {
      if (started === child) lines.write(chunk)
    })
    started.on('error', (error) => lose(`since it could not be started (${error.message})`))
    started.on('exit', (code, signal) => {
      if (started === child) lose(`since the process that reads ended (${signal ?? `exit code ${code}`})`)
    })
    child = started
    reading = null
    tell({ do: 'begin', xz, barred: [...barred] })
    for (const pid of watched) tell({ do: 'add', pid })
    return started
  }

  /** Ends a process that is of no use any more; what made it so is not read by the next. */
  const lose = (why: string) => {
    const lost = child
    child = null
    if (lost === null) return
    lost.kill('SIGKILL')
    lost.stdin?.destroy()
    lost.stdout?.destroy()
    if (reading) barred.add(reading.key)
    const what = reading ? `${sanitizeText(reading.what, { maxLength: 200 })} is not read any more` : READ_ANEW
    note(`names may be missing from stacks: ${what}, ${why}`)
    known.clear()
    for (const one of [...pending.values()]) one.settle(null)
    if (start() === null && !closed) note('user functions have no names from here on: reading has failed too often')
  }

  const tell = (request: Request) => void child?.stdin?.write(`${JSON.stringify(request)}\n`)

  const hear = (line: string) => {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      return lose('since the answer made no sense')
    }
    const message = messageSchema.safeParse(value)
    if (!message.success) return lose('since the answer made no sense')
    if ('reading' in message.data) {
      reading = message.data.reading
      return
    }
    for (const one of message.data.notes) note(one)
    pending.get(message.data.id)?.settle(message.data.answer)
    // It has come back from all that it was asked for.
    if (pending.size === 0) reading = null
  }

  /** null when there is nobody to ask, or too much is asked already, or it was given up. */
  const ask = (request: (id: number) => Request): Promise<Answer | null> => {
    if (child === null || pending.size >= UNANSWERED) return Promise.resolve(null)
    const id = nextId++
    return new Promise((resolve) => {
      const settle = (answer: Answer | null) => {
        pending.delete(id)
        if (pending.size === 0) stopWatching()
        resolve(answer)
      }
      pending.set(id, { settle, askedAtMs: performance.now() })
      watch()
      tell(request(id))
    })
  }

  // Requests are answered one after the other: the oldest is the one that is worked at.
  let watching: NodeJS.Timeout | null = null
  let seen = { cpuNs: -1, atMs: 0 }
  const watch = () => {
    if (watching) return
    seen = { cpuNs: -1, atMs: performance.now() }
    // It also keeps this process from ending while somebody waits.
    watching = setInterval(look, WATCH_EVERY_MS)
  }
  const stopWatching = () => {
    if (watching) clearInterval(watching)
    watching = null
  }
  const look = () => {
    const now = performance.now()
    const cpuNs = child?.pid === undefined ? null : readSchedCpuNs(child.pid)
    if (cpuNs !== null && cpuNs > seen.cpuNs) seen = { cpuNs, atMs: now }
    const [oldest] = pending.values()
    if (oldest === undefined) return
    if (now - seen.atMs >= times.stuckMs) lose(`since it did not answer within ${times.stuckMs / 1000} s`)
    else if (now - oldest.askedAtMs >= times.requestMs) lose(`since it took more than ${times.requestMs / 1000} s`)
  }

  /** What came too late is heard later. */
  const patiently = async (work: Promise<unknown>): Promise<void> => {
    const patienceMs = leaving ? times.lastPatienceMs : times.patienceMs
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        note(`names may be missing from stacks: reading the files of the target took more than ${patienceMs / 1000} s`)
        resolve()
      }, patienceMs)
    })
    await Promise.race([work, late])
    clearTimeout(timer)
  }

  const remember = (addresses: readonly string[], names: readonly NameOf[]) => {
    if (known.size + names.length > NAMES_KEPT) known.clear()
    for (const [i, address] of addresses.entries()) {
      const name = names[i]
      if (name) known.set(address, name)
    }
  }
  const nameOf = ({ address }: RawFrame): NameOf | undefined => (address === null ? undefined : known.get(address))

  const add = (pid: number) => {
    if (watched.has(pid) || watched.size >= PROCESSES) return
    watched.add(pid)
    tell({ do: 'add', pid })
  }
  start()
  for (const pid of pids) add(pid)

  return {
    add,
    remove: (pid) => {
      if (watched.delete(pid)) tell({ do: 'remove', pid })
    },
    refresh: (phaseEnds) =>
      patiently(
        ask((id) => ({ do: 'refresh', id, phaseEnds })).then((changed) => {
          if (changed === true) known.clear()
        }),
      ),
    learn: async (addresses) => {
      const wanted = [...new Set(addresses)].filter((address) => !known.has(address)).slice(0, ADDRESSES_AT_ONCE)
      if (wanted.length === 0) return
      const asked = ask((id) => ({ do: 'name', id, addresses: wanted })).then((answer) => {
        if (Array.isArray(answer)) remember(wanted, answer)
      })
      await patiently(asked)
    },
    advise: (tell) =>
      patiently(
        ask((id) => ({ do: 'advise', id })).then((answer) => {
          if (answer !== null && typeof answer === 'object' && 'advice' in answer) tell(answer.advice)
        }),
      ),
    names: {
      symbolOf: (frame) => nameOf(frame)?.[0] ?? null,
      moduleOf: (frame) => nameOf(frame)?.[1] ?? null,
      skipsCaller: (frame) => nameOf(frame)?.[3] ?? false,
      calledBefore: (frame) => nameOf(frame)?.[4] ?? null,
    },
    jitName: (frame) => nameOf(frame)?.[2] ?? null,
    hurry: () => {
      leaving = true
    },
    takeNotes: () => notes.splice(0),
    pid: () => child?.pid ?? null,
    close: () => {
      closed = true
      stopWatching()
      const last = child
      child = null
      last?.kill('SIGKILL')
      last?.stdin?.destroy()
      last?.stdout?.destroy()
      for (const one of [...pending.values()]) one.settle(null)
    },
  }
}

interface Pending {
  settle: (answer: Answer | null) => void
  askedAtMs: number
}

const ENTRY = fileURLToPath(new URL(`./reader-process${extname(import.meta.url)}`, import.meta.url))

/** What will be missing from the stacks of these processes, and what to do about it. */
export async function adviseTarget(pids: readonly number[]): Promise<readonly NamingAdvice[]> {
  if (pids.length === 0) return []
  const reader = await startReader({ pids, limits: { patienceMs: TIMES.requestMs } })
  let found: readonly NamingAdvice[] = []
  await reader.advise((advice) => {
    found = advice
  })
  reader.close()
  return found
}
