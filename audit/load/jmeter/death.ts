import { open } from 'node:fs/promises'
import { hideSecrets, sanitizeText } from '../../../probes/index.ts'
import { LoadError } from '../load-error.ts'
import type { ToolProcess } from './process.ts'

/** What to do about the ends of JMeter that users meet most. */
const fixes: readonly (readonly [RegExp, string])[] = [
  // Debian's JMeter 2.13 meets an XStream whose allow-list does not know it.
  [
    /ForbiddenClassException/,
    "Debian's own jmeter opens no plan: install Apache JMeter 5 and put its bin folder first on PATH",
  ],
  [
    /CannotResolveClassException/,
    'the plan uses a plug-in that this JMeter lacks: install it (on Debian, HTTP is jmeter-http)',
  ],
  [/UnsupportedClassVersionError|JAVA_HOME/, 'this JMeter needs another Java: set JAVA_HOME to it'],
  [/OutOfMemoryError/, 'give JMeter more memory, for example HEAP="-Xmx4g"'],
]
const OTHERWISE = 'run the plan with jmeter -n -t alone: it has to work there first'
const WORDS = 5
const LONGEST_WORD = 300
/** A run of hours may leave a long log. */
const END_BYTES = 64 * 1024

/** The error of a JMeter that ended by itself without its test, or badly: in its own words without secrets, with what to do. */
export async function deathOf(
  tool: ToolProcess,
  log: string,
  error: Error | undefined,
  clean: (text: string) => string = hideSecrets,
): Promise<LoadError> {
  const { code, signal } = await tool.ended
  const how = error ? `could not be started: ${error.message}` : `ended with ${signal ?? `code ${code}`}`
  const said = tool.lastLines()
  // Its log repeats what it says, with a date in front.
  const logged = (await errorsIn(log, clean)).filter((line) => !said.some((other) => line.endsWith(other)))
  const words = [...logged, ...said].slice(-WORDS)
  const fix = fixes.find(([pattern]) => words.some((word) => pattern.test(word)))?.[1] ?? OTHERWISE
  return new LoadError('generator_died', [`jmeter ${how}`, ...words].join('\n  '), fix, error)
}

/** The last errors of JMeter's log, safe to show. */
async function errorsIn(log: string, clean: (text: string) => string): Promise<string[]> {
  try {
    const lines = (await endOf(log)).split('\n').filter((line) => /\b(ERROR|FATAL)\b/.test(line))
    return lines.slice(-3).map((line) => sanitizeText(clean(line.trim()), { maxLength: LONGEST_WORD }))
  } catch {
    return [] // it had not come to writing one
  }
}

async function endOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const start = Math.max(0, size - END_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(END_BYTES), 0, END_BYTES, start)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
