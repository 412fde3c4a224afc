import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type Attach, attach, freshDirectory } from './attach.ts'
import { type CallTree, callShares, expectShares, measureCalls, notesOf } from './call-tree.ts'
import type { Stack } from './readings.ts'
import { kernelSuite, program } from './requirements.ts'
import { startWorkload, type Workload } from './workload.ts'

const source = fileURLToPath(new URL('../../fixtures/workloads/Calls.java', import.meta.url))

const ROOT = 'Calls.serve_[j]'
const TREE: CallTree = {
  parse: `${ROOT};Calls.parse_[j]`,
  query: `${ROOT};Calls.query_[j]`,
  scan: `${ROOT};Calls.query_[j];Calls.scan_[j]`,
  render: `${ROOT};Calls$$Lambda.applyAsInt_[j];Calls.lambda$static$0_[j];Calls.render_[j]`,
}

interface Java extends Workload {
  /** has it write its map, as a user does: with the number it has here */
  writeMap: () => void
  /** its number here; `pid` is what it calls itself */
  hostPid: number
}

/** A container's view: a process number, and a /tmp, of its own. */
const CONTAINER = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c']
const ENTER =
  'mkdir "$0/tmp" && mount -t tmpfs probe "$0/tmp" && cp -r "$0/classes" "$0/tmp" && mount --bind "$0/tmp" /tmp && exec "$@"'

async function startCalls(flags: readonly string[], { contained = false } = {}): Promise<Java> {
  const folder = freshDirectory()
  const classes = join(folder, 'classes')
  execFileSync('javac', ['-d', classes, source], { stdio: ['ignore', 'inherit', 'inherit'] })
  const still = ['-XX:CompileCommand=quiet', '-XX:CompileCommand=dontinline,Calls*::*']
  const args = ['-Xbatch', ...still, ...flags, '-cp', contained ? '/tmp/classes' : classes, 'Calls', '3']
  const prefix = contained ? [...CONTAINER, ENTER, folder] : []
  const calls = await startWorkload('Calls', args, { binary: 'java', prefix })
  const hostPid = contained ? childOf(calls.child.pid) : calls.pid
  onTestFinished(() => rmSync(`/tmp/perf-${hostPid}.map`, { force: true }))
  return {
    ...calls,
    hostPid,
    writeMap: () => {
      execFileSync('jcmd', [String(hostPid), 'Compiler.perfmap'], { stdio: ['ignore', 'ignore', 'inherit'] })
    },
  }
}

const childOf = (pid = 0): number => Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'), 10)

/** Of the thread that runs the program: compilers and collectors run beside it. */
const ofMain = ({ frames }: Stack): boolean => frames.includes(ROOT)

/** Share of the samples with a frame that starts so. */
function shareWith(attached: Attach, start: string): number {
  const { samples } = callShares(attached, ROOT)
  const { samples: named } = callShares(attached, ROOT, ({ frames }) => frames.some((name) => name.startsWith(start)))
  return named / samples
}

kernelSuite('names and shares of a Java program whose calls are known', () => {
  test('every method has its name, every path its share', async () => {
    const calls = await startCalls(['-XX:+PreserveFramePointer'])
    calls.writeMap()
    const attached = await attach(['on-cpu', '--pid', String(calls.hostPid)])
    const truth = await measureCalls(calls, attached)
    expect(shareWith(attached, ROOT)).toBeGreaterThan(0.95)
    expectShares(callShares(attached, ROOT, ofMain), truth, TREE)
    expect(notesOf(attached).filter((text) => /Java/.test(text))).toEqual([])
  })

  test('a map that is written, and written anew, while probe runs is read', async () => {
    const calls = await startCalls(['-XX:+PreserveFramePointer'])
    const attached = await attach(['on-cpu', '--pid', String(calls.hostPid)])
    calls.writeMap()
    await attached.mark('mapped')
    calls.writeMap()
    const truth = await measureCalls(calls, attached)
    expectShares(callShares(attached, ROOT, ofMain), truth, TREE)
    expect(shareWith(attached, ROOT)).toBeGreaterThan(0.95)
  })

  test('in a container, where it has another number and a /tmp of its own', async () => {
    const calls = await startCalls(['-XX:+PreserveFramePointer'], { contained: true })
    expect(calls.pid, 'its own number').not.toBe(calls.hostPid)
    calls.writeMap()
    const attached = await attach(['on-cpu', '--pid', String(calls.hostPid)])
    const truth = await measureCalls(calls, attached)
    expectShares(callShares(attached, ROOT, ofMain), truth, TREE)
  })

  test('as Java is usually started: nothing of it is named, and notes say the flag and the command', async () => {
    const calls = await startCalls([])
    const attached = await attach(['on-cpu', '--pid', String(calls.hostPid)])
    await measureCalls(calls, attached)
    expect(shareWith(attached, 'Calls.')).toBe(0)
    const notes = notesOf(attached).filter((text) => text.includes('Java'))
    expect(notes).toEqual([
      expect.stringContaining('start java with -XX:+PreserveFramePointer'),
      expect.stringContaining(`jcmd ${calls.hostPid} Compiler.perfmap`),
    ])
    expect(notesOf(attached)).toContainEqual(expect.stringContaining(`jcmd ${calls.hostPid} Thread.print`))
  })
}, [
  program('java', 'default-jdk-headless'),
  program('javac', 'default-jdk-headless'),
  program('jcmd', 'default-jdk-headless'),
  program('unshare', 'util-linux'),
])
