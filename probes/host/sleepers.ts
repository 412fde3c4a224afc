import { readdirSync } from 'node:fs'
import { sanitizeText } from '../text.ts'
import { createDescriptors, type Readable } from './descriptor.ts'
import { parseProcessStat, readProc } from './process.ts'

/** A thread that is not running, as /proc shows it. */
export interface Sleeper {
  tid: number
  /** the system call it is in, with its arguments; null when it is in none or that may not be read */
  syscall: { number: number; args: bigint[] } | null
  /** what its first argument stands for, if it is a descriptor that is read */
  reads: Readable
  /** names, leaf first; empty where the kernel does not tell */
  kernelStack: string[]
  /** where its user code goes on, hex without 0x; null when it is not known */
  userAddress: string | null
}

/** Threads looked at; a process with more is taken as far as this goes. */
const MOST_THREADS = 4_096

/** The threads of these processes that sleep (interruptibly, uninterruptibly or stopped) right now. */
export function readSleepers(pids: readonly number[]): Sleeper[] {
  const describe = createDescriptors()
  return pids
    .flatMap((pid) => threadsOf(pid).map((tid) => ({ path: `/proc/${pid}/task/${tid}`, tid, pid })))
    .slice(0, MOST_THREADS)
    .flatMap(({ path, tid, pid }) => {
      const state = parseProcessStat(readProc(`${path}/stat`) ?? '')?.state
      if (state === undefined || !'SDTtI'.includes(state)) return []
      const told = parseSyscall(readProc(`${path}/syscall`) ?? '')
      return [
        {
          tid,
          reads: told.syscall === null ? 'unknown' : describe(pid, Number(told.syscall.args[0])),
          kernelStack: parseKernelStack(readProc(`${path}/stack`) ?? ''),
          ...told,
        },
      ]
    })
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return [] // it has ended
  }
}

/** Lines like "[<0>] hrtimer_nanosleep+0x9c/0x120", leaf first. */
export const parseKernelStack = (text: string): string[] =>
  [...text.matchAll(/^\[<[0-9a-fx]+>\] ([^+\s]+)/gm)].map(([, name]) => sanitizeText(name ?? '', { maxLength: 512 }))

/** "NR ARG0 .. ARG5 SP PC", "running", or "-1 SP PC" (proc(5)). */
export function parseSyscall(text: string): Pick<Sleeper, 'syscall' | 'userAddress'> {
  const fields = text.trim().split(' ')
  const pc = fields.at(-1)
  const userAddress = fields.length >= 3 && pc?.startsWith('0x') ? pc.slice(2) : null
  if (fields.length !== 9 || !/^\d+$/.test(fields[0] ?? '')) return { syscall: null, userAddress }
  return { syscall: { number: Number(fields[0]), args: fields.slice(1, 7).map(BigInt) }, userAddress }
}
