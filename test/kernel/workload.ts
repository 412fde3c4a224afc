import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { workloadBinary } from './build.ts'
import { readLines } from './lines.ts'

/** A ground-truth program that runs (fixtures/workloads); its protocol is in protocol.h. */
export interface Workload {
  readonly pid: number
  readonly child: ChildProcess
  /** sends a word, e.g. "go" */
  say(word: string): void
  /** The n-th answer (from 0) with this key, e.g. "truth", checked against a schema. */
  hear<T>(key: string, schema: z.ZodType<T>, n?: number): Promise<T>
}

const answer = z.record(z.string(), z.unknown())

/**
 * Starts a program and waits until it is ready; it ends with the test at the latest.
 *
 * @param options.prefix command to run it with, e.g. ["ip", "netns", "exec", NAME]
 * @param options.binary another file to run: a copy of the program
 */
export async function startWorkload(
  name: string,
  args: readonly string[] = [],
  options: { prefix?: readonly string[]; binary?: string } = {},
): Promise<Workload> {
  const [file = '', ...rest] = [...(options.prefix ?? []), options.binary ?? workloadBinary(name), ...args]
  const child = spawn(file, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  child.stdin.on('error', () => undefined) // it may have been killed by the test
  const lines = readLines(child.stdout, (line) => answer.parse(JSON.parse(line)))
  const hear = async <T>(key: string, schema: z.ZodType<T>, n = 0) => {
    const nth = () => lines.all.filter((line) => key in line)[n]
    await lines.until(() => nth() !== undefined, `${name} says "${key}"`)
    return schema.parse(nth()?.[key])
  }
  const { pid } = await hear('ready', z.object({ pid: z.number() }))
  return { pid, child, hear, say: (word) => child.stdin.write(`${word}\n`) }
}
