import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { attach } from './attach.ts'
import { notesOf } from './call-tree.ts'
import { readLines } from './lines.ts'
import { phaseStacks } from './readings.ts'
import { kernelSuite } from './requirements.ts'

const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url))
const server = fileURLToPath(new URL('jit-server.mjs', import.meta.url))

async function startServer(
  flags: readonly string[],
): Promise<{ pid: number; get: (path: string, times: number) => Promise<void> }> {
  const child = spawn(node, [...flags, server], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
    rmSync(`/tmp/perf-${child.pid}.map`, { force: true })
  })
  const port = await readLines(child.stdout, Number).until(() => true, 'the port')
  if (child.pid === undefined) throw new Error('node could not be started')
  const get = async (path: string, times: number) => {
    for (let i = 0; i < times; i++) await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  }
  return { pid: child.pid, get }
}

/** Where compiled code of a function lies or has lain, as V8 has written it. */
const codeOf = (pid: number, name: string): Set<string> =>
  new Set(
    [...readFileSync(`/tmp/perf-${pid}.map`, 'utf8').matchAll(new RegExp(`^(\\w+) \\w+ JS:[+*]'?${name} `, 'gm'))].map(
      ([, at]) => at ?? '',
    ),
  )

kernelSuite('names of just-in-time compiled functions', () => {
  test('are right before and after a hot function is compiled anew', async () => {
    const { pid, get } = await startServer(['--perf-basic-prof-only-functions', '--interpreted-frames-native-stack'])
    await get('/whole', 10)
    const attached = await attach(['on-cpu', '--pid', String(pid)])
    await attached.mark('whole')
    await get('/whole', 60)
    await attached.mark('turning')
    const before = codeOf(pid, 'hotSum')
    // It is thrown back to the interpreter, which computes in functions of its own, and compiled again.
    await get('/mixed', 20)
    await attached.mark('mixed')
    await get('/mixed', 40)
    await attached.mark('end')
    await attached.stop()

    const after = codeOf(pid, 'hotSum')
    expect(before.size, 'compiled by then').toBeGreaterThan(0)
    expect(after.size, 'compiled anew').toBeGreaterThan(before.size)
    for (const phase of ['whole', 'mixed']) {
      const stacks = phaseStacks(attached.records, 'on-cpu', phase)
      const total = stacks.reduce((sum, row) => sum + row.value, 0)
      const isHot = (name: string) => /^JS:[~^+*]'?hotSum .*jit-server\.mjs.*_\[j\]$/.test(name)
      const hot = stacks.filter((row) => row.frames.some(isHot))
      expect(hot.reduce((sum, row) => sum + row.value, 0) / total, `${phase}: ${total} samples`).toBeGreaterThan(0.8)
      const called = hot.filter((row) => /^JS:[~^+*]'?respond /.test(row.frames[row.frames.findIndex(isHot) - 1] ?? ''))
      expect(called, 'all called by respond').toHaveLength(hot.length)
    }
    expect(notesOf(attached).filter((text) => /perf map|interpreted/.test(text))).toEqual([])
  })

  test('are missing when node was not told to write them: a note says how', async () => {
    const { pid, get } = await startServer([])
    const attached = await attach(['on-cpu', '--pid', String(pid)])
    await get('/whole', 5)
    await attached.stop()
    const notes = notesOf(attached).filter((text) => text.includes('JavaScript functions have no names'))
    expect(notes).toHaveLength(1)
    expect(notes[0]).toContain('--perf-basic-prof-only-functions --interpreted-frames-native-stack')
  })
})
