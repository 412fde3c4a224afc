import { execa } from 'execa'
import { sanitizeText } from '../text.ts'
import type { Host } from './host.ts'
import { CLEAN_ENVIRONMENT } from './privilege.ts'
import { lacking, type Support, supported, undetermined } from './support.ts'

/**
 * Attaches one program for a moment and says whether the kernel took it: the only answer that counts, since
 * `bpftrace --info` says yes to kprobes on a kernel without them.
 *
 * @param attachPoint as bpftrace writes it, e.g. "kprobe:inet_csk_accept"
 */
export async function tryAttach(attachPoint: string, host: Host): Promise<Support> {
  if (!/^[a-z]+:[A-Za-z_][\w.]*$/.test(attachPoint)) return lacking(`not an attach point: ${sanitizeText(attachPoint)}`)
  return tryProgram(`${attachPoint} { @n = count(); }`, host)
}

/**
 * The same for a whole program, in words of this project. Conclusive answers are kept for the life of this process,
 * others are not.
 */
export async function tryProgram(program: string, host: Host): Promise<Support> {
  if (host.bpftrace === null) return undetermined('cannot be tried without bpftrace')
  if (host.bpftraceSupport.kind === 'no') return undetermined('cannot be tried with a bpftrace so old')
  if (host.privilege.how === null) return undetermined('cannot be tried without the right to trace')
  const key = `${host.bpftrace.path} ${host.bpftrace.version.join('.')} ${program}`
  const running = trials.get(key)
  if (running) return running
  const trial = attach(program, host.bpftrace.path, host)
  trials.set(key, trial)
  const support = await trial
  if (support.kind === 'unknown') trials.delete(key)
  return support
}

const trials = new Map<string, Promise<Support>>()
const TIME_LIMIT_MS = 15_000

async function attach(program: string, bpftrace: string, host: Host): Promise<Support> {
  // exit() in BEGIN is obeyed only after everything is attached: code 0 means that it was.
  const argv = [bpftrace, '--no-warnings', '-e', `${program} BEGIN { exit(); }`]
  const [file, ...args] = host.privilege.how === 'sudo' && host.sudo ? [host.sudo, '-n', '--', ...argv] : argv
  const result = await execa(file ?? bpftrace, args, {
    env: CLEAN_ENVIRONMENT,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: TIME_LIMIT_MS,
    maxBuffer: 1_000_000,
  })
  if (result.exitCode === 0) return supported('attached for a moment')
  if (result.timedOut) return undetermined(`bpftrace did not answer within ${TIME_LIMIT_MS / 1000} s`)
  // A refusal comes with a code; death by a signal is bpftrace's own trouble and says nothing about the kernel.
  if (result.exitCode === undefined) return undetermined(`bpftrace died: ${result.signal ?? 'it could not be started'}`)
  // It did not understand the question, which says nothing about the kernel either.
  if (/^\s*USAGE:/m.test(result.stderr)) return undetermined('this bpftrace does not know how it was asked')
  return lacking(summarizeRefusal(result.stderr))
}

/**
 * What of bpftrace's stderr says why, without its position in a script the user never wrote: the first line that is marked
 * as an error, else the last sentence, which may be wrapped over several lines.
 */
export function summarizeRefusal(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    // Printed at every start where the hard limit is below what bpftrace would like; harmless.
    .filter((line) => line !== '' && !line.includes('RLIMIT_MEMLOCK'))
  const marked = lines.find((line) => line.includes('ERROR:'))
  const text = marked?.replace(/^.*?ERROR:\s*/, '') ?? lastSentence(lines)
  return sanitizeText(text === '' ? 'bpftrace refused without a word' : text, { maxLength: 300 })
}

function lastSentence(lines: readonly string[]): string {
  let from = lines.length - 1
  while (from > 0 && lines.length - from < LONGEST_SENTENCE && !/[.!?:]$/.test(lines[from - 1] ?? '')) from--
  return lines.slice(Math.max(0, from)).join(' ')
}
/** lines */
const LONGEST_SENTENCE = 5
