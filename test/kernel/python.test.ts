import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type Attach, attach } from './attach.ts'
import { type CallTree, callShares, expectShares, measureCalls, notesOf } from './call-tree.ts'
import { kernelSuite, program } from './requirements.ts'
import { startWorkload, type Workload } from './workload.ts'

const source = fileURLToPath(new URL('../../fixtures/workloads/calls.py', import.meta.url))

const nameOf = (method: string) => `py::${method}:${source}_[j]`
const ROOT = nameOf('serve')
const PATHS: CallTree = {
  parse: [ROOT, nameOf('parse')].join(';'),
  query: [ROOT, nameOf('query')].join(';'),
  scan: [ROOT, nameOf('query'), nameOf('scan')].join(';'),
  render: [ROOT, nameOf('render')].join(';'),
}

interface Interpreter {
  name: string
  minor: number
  /** built with frame pointers, which its trampolines need to be walked through */
  isFramed: boolean
}

const ASK =
  'import sys, sysconfig; print(sys.version_info[1], "no-omit-frame-pointer" in str(sysconfig.get_config_var("PY_CORE_CFLAGS")))'

/** The interpreters on the path that run. */
const interpreters: Interpreter[] = ['python3', 'python3.12', 'python3.13', 'python3.14', 'python3.15'].flatMap(
  (name) => {
    const [minor, isFramed] = String(spawnSync(name, ['-c', ASK]).stdout ?? '')
      .trim()
      .split(' ')
    return minor ? [{ name, minor: Number(minor), isFramed: isFramed === 'True' }] : []
  },
)
const old = interpreters.find(({ minor }) => minor < 12)
const recent = interpreters.find(({ minor, isFramed }) => minor >= 12 && !isFramed)
const framed = interpreters.find(({ minor, isFramed }) => minor >= 12 && isFramed)
const described = interpreters.map(({ name, minor, isFramed }) => `${name} is 3.${minor}${isFramed ? '' : ' without'}`)

async function startCalls(python: Interpreter, flags: readonly string[]): Promise<Workload> {
  const calls = await startWorkload('calls.py', [...flags, source, '3'], { binary: python.name })
  onTestFinished(() => rmSync(`/tmp/perf-${calls.pid}.map`, { force: true }))
  return calls
}

const notesOn = (attached: Attach): string[] => notesOf(attached).filter((text) => text.includes('Python'))

kernelSuite('names and shares of a Python program whose calls are known', () => {
  test('every function has its name, every path its share', async ({ skip }) => {
    if (framed === undefined) return skip(`needs Python 3.12 or later with frame pointers; ${described.join(', ')}`)
    const calls = await startCalls(framed, ['-X', 'perf'])
    const attached = await attach(['on-cpu', '--pid', String(calls.pid)])
    const truth = await measureCalls(calls, attached)
    expectShares(ofPython(callShares(attached, ROOT, (stack) => stack.frames.includes(ROOT))), truth, PATHS)
    expect(notesOn(attached)).toEqual([])
  })

  test('without -X perf a note says it', async ({ skip }) => {
    const python = framed ?? recent
    if (python === undefined) return skip(`needs Python 3.12 or later; ${described.join(', ')}`)
    const calls = await startCalls(python, [])
    const attached = await attach(['on-cpu', '--pid', String(calls.pid)])
    await attached.stop()
    expect(notesOn(attached)).toEqual([expect.stringContaining('start python with -X perf')])
  })

  test('of an interpreter without frame pointers a note says how to compile it', async ({ skip }) => {
    if (recent === undefined) return skip(`needs Python 3.12 or later without frame pointers; ${described.join(', ')}`)
    const calls = await startCalls(recent, ['-X', 'perf'])
    const attached = await attach(['on-cpu', '--pid', String(calls.pid)])
    await attached.stop()
    expect(notesOn(attached)).toEqual([expect.stringContaining('-fno-omit-frame-pointer')])
  })

  test('of an older interpreter a note says which version names its functions', async ({ skip }) => {
    if (old === undefined) return skip(`needs Python before 3.12; ${described.join(', ')}`)
    const calls = await startCalls(old, [])
    const attached = await attach(['on-cpu', '--pid', String(calls.pid)])
    await measureCalls(calls, attached)
    expect(notesOn(attached)).toEqual([expect.stringContaining('Python 3.12 or later and -X perf')])
    const names = callShares(attached, ROOT)
    expect([...names.byPath.keys()].filter((path) => path.includes('py::'))).toEqual([])
  })
}, [program('python3', 'python3')])

/** Between two functions of Python lie those of the interpreter. */
function ofPython({ samples, byPath }: ReturnType<typeof callShares>): ReturnType<typeof callShares> {
  const merged = new Map<string, number>()
  for (const [path, share] of byPath) {
    const own = path
      .split(';')
      .filter((name) => name.startsWith('py::'))
      .join(';')
    merged.set(own, (merged.get(own) ?? 0) + share)
  }
  return { samples, byPath: merged }
}
