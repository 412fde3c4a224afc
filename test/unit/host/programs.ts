import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Starts Node on a script and resolves with the first line it prints, which the script prints when it is ready. */
export async function startProgram(
  script: string,
  args: string[] = [],
): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, ['-e', script, '--', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) return { child, line }
  throw new Error('the program ended before it was ready')
}
