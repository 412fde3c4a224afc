import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import { sanitizeText } from '../text.ts'
import { parseVersion } from './kernel-facts.ts'

export interface Asked {
  /** null: it did not tell one */
  version: [major: number, minor: number, patch: number] | null
  /** where it did not: what it said instead, safe to show */
  why: string
  /** it ended, and with code 0 */
  isDone: boolean
}

/** Of a busy host under emulation 4 s were seen. */
const VERSION_LIMIT_MS = 20_000

/** With which code it ends is waited for so long. */
const TO_END_MS = 500

/**
 * Starts a program with --version. What it printed counts, also when it is slow to end, as on a host under load: it is
 * ended as soon as that is there.
 *
 * @param argv may begin with sudo
 */
export async function askVersion(
  [file = '', ...args]: readonly string[],
  env: Record<string, string>,
  limitMs = VERSION_LIMIT_MS,
): Promise<Asked> {
  const child = execa(file, [...args, '--version'], {
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    timeout: limitMs,
    maxBuffer: 64 * 1024,
  })
  let printed = ''
  const line = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
      if (printed.includes('\n') && parseVersion(printed) !== null) resolve()
    })
  })
  const result = await Promise.race([child, line.then(() => setTimeout(TO_END_MS))])
  const version = parseVersion(printed)
  const isDone = result?.exitCode === 0
  // What fails and prints a number besides has not told a version.
  if (version !== null && (!result || isDone || result.timedOut)) {
    child.kill()
    return { version, why: '', isDone }
  }
  const said = sanitizeText(result?.stderr || printed, { maxLength: 200 })
  const late = result?.timedOut ? `it did not answer within ${limitMs / 1000} s` : ''
  const why = [late, said].filter(Boolean).join(': ')
  return { version: null, why: why || sanitizeText(result?.shortMessage ?? 'nothing', { maxLength: 200 }), isDone }
}
