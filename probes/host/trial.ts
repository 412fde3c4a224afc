import { execa } from 'execa'
import { sanitizeText } from '../text.ts'
import type { Host } from './host.ts'
import { CLEAN_ENVIRONMENT } from './privilege.ts'
import { lacking, type Support, supported, undetermined } from './support.ts'

/**
 * Attaches one program for a moment and says whether the kernel took it: the only answer that counts, since
 * `bpftrace --info` says yes to kprobes on a kernel without them. Conclusive answers are kept for the life of this
 * process, others are not.
 *
 * @param attachPoint as bpftrace writes it, e.g. "kprobe:inet_csk_accept"
 */
export async function tryAttach(attachPoint: string, host: Host): Promise<Support> {
  if (!/^[a-z]+:[A-Za-z_][\w.]*$/.test(attachPoint)) return lacking(`not an attach point: ${sanitizeText(attachPoint)}`)
  if (host.bpftrace === null) return undetermined('cannot be tried without bpftrace')
  if (host.privilege.how === null) return undetermined('cannot be tried without the right to trace')
  const key = `${host.bpftrace.path} ${host.bpftrace.version.join('.')} ${attachPoint}`
  const running = trials.get(key)
  if (running) return running
  const trial = attach(attachPoint, host.bpftrace.path, host)
  trials.set(key, trial)
  const support = await trial
  if (support.kind === 'unknown') trials.delete(key)
  return support
}

const trials = new Map<string, Promise<Support>>()
const TIME_LIMIT_MS = 15_000

async function attach(attachPoint: string, bpftrace: string, host: Host): Promise<Support> {
  // exit() in BEGIN is obeyed only after everything is attached: code 0 means that it was.
  const argv = [bpftrace, '--no-warnings', '-e', `${attachPoint} { @n = count(); } BEGIN { exit(); }`]
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
  return lacking(summarizeRefusal(result.stderr))
}

/** The line of bpftrace's stderr that says why, without its position in a script the user never wrote. */
export function summarizeRefusal(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    // Printed at every start where the hard limit is below what bpftrace would like; harmless.
    .filter((line) => line !== '' && !line.includes('RLIMIT_MEMLOCK'))
  const error = lines.find((line) => line.includes('ERROR:')) ?? lines.at(-1) ?? 'bpftrace refused without a word'
  return sanitizeText(error.replace(/^.*?ERROR:\s*/, ''), { maxLength: 300 })
}
