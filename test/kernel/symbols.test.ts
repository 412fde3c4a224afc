import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type Attach, attach, freshDirectory } from './attach.ts'
import { readLines } from './lines.ts'
import { phaseStacks, type Stack } from './readings.ts'
import { kernelSuite, program } from './requirements.ts'
import { startWorkload } from './workload.ts'

const source = fileURLToPath(new URL('../../fixtures/workloads/calls.c', import.meta.url))
const truthSchema = z.object({ parse: z.number(), query: z.number(), scan: z.number(), render: z.number() })

/** The user part of a stack from `main` on; where the kernel has interrupted it is nothing of the program's. */
const pathOf = ({ frames }: Stack): string => {
  const user = frames.filter((name) => !name.endsWith('_[k]'))
  return user.slice(Math.max(0, user.indexOf('main'))).join(';')
}

function sharesOf(stacks: readonly Stack[]): { samples: number; byPath: Map<string, number> } {
  const samples = stacks.reduce((sum, row) => sum + row.value, 0)
  const byPath = new Map<string, number>()
  for (const row of stacks) byPath.set(pathOf(row), (byPath.get(pathOf(row)) ?? 0) + row.value / samples)
  return { samples, byPath }
}

/** Compiles the program of the known call tree into a directory of its own. */
function compiled(flags: readonly string[] = []): string {
  const binary = join(freshDirectory(), 'calls')
  const always = ['-O1', '-g', '-fno-omit-frame-pointer', '-pthread', '-Wall', '-Wextra', '-Werror']
  execFileSync('gcc', [...always, ...flags, '-o', binary, source], { stdio: ['ignore', 'inherit', 'inherit'] })
  return binary
}

interface Started {
  binary: string
  prefix?: readonly string[]
  /** done when it runs */
  then?: () => void
}

const notesOf = ({ records }: Attach): string[] =>
  records.flatMap((record) => (record.type === 'note' ? [record.text] : []))

async function profile({ binary, prefix = [], then }: Started) {
  const calls = await startWorkload('calls', ['--seconds', '3'], { binary, prefix })
  then?.()
  const attached = await attach(['on-cpu', '--pid', String(calls.pid)])
  await attached.mark('calls')
  calls.say('go')
  const truth = await calls.hear('truth', truthSchema)
  await attached.mark('after')
  await attached.stop()
  return { truth, attached, ...sharesOf(phaseStacks(attached.records, 'on-cpu', 'calls')) }
}

const TREE = {
  parse: 'main;serve;parse',
  query: 'main;serve;query',
  scan: 'main;serve;query;scan',
  render: 'main;serve;render',
} as const

const variants: [how: string, make: () => Started][] = [
  ['as it was compiled', () => ({ binary: compiled() })],
  ['static-pie', () => ({ binary: compiled(['-static-pie']) })],
  [
    'stripped, with a debug file beside it',
    () => {
      const binary = compiled(['-Wl,--build-id=none'])
      const debug = join(dirname(binary), 'calls.debug')
      execFileSync('objcopy', ['--only-keep-debug', binary, debug])
      execFileSync('objcopy', ['--strip-all', `--add-gnu-debuglink=${debug}`, binary])
      return { binary }
    },
  ],
  [
    'stripped, with a compressed symbol table in it',
    () => {
      const binary = compiled(['-Wl,--build-id=none'])
      const mini = join(dirname(binary), 'mini')
      execFileSync('objcopy', ['--only-keep-debug', binary, mini])
      execFileSync('xz', [mini])
      execFileSync('objcopy', ['--strip-all', '--add-section', `.gnu_debugdata=${mini}.xz`, binary])
      return { binary }
    },
  ],
  [
    'in a chroot',
    () => {
      const binary = compiled(['-static'])
      return { binary: '/calls', prefix: ['chroot', dirname(binary)] }
    },
  ],
  [
    'in a mount namespace of its own, on a file system nobody else sees',
    () => {
      const folder = dirname(compiled())
      const script = 'mount -t tmpfs probe "$1/hidden" && cp "$1/calls" "$1/hidden" && exec "$0" --seconds 3'
      mkdirSync(join(folder, 'hidden'))
      return {
        binary: join(folder, 'hidden/calls'),
        prefix: ['unshare', '--mount', 'sh', '-c', script, join(folder, 'hidden/calls'), folder],
      }
    },
  ],
  [
    'deleted after its start, with another program at its path',
    () => {
      const binary = compiled()
      const then = () => {
        rmSync(binary)
        copyFileSync('/bin/true', binary)
      }
      return { binary, then }
    },
  ],
]

kernelSuite('names and shares of a program whose calls are known', () => {
  test.each(variants)('%s: every frame has its name, every path its share', async (_, make) => {
    const { truth, samples, byPath } = await profile(make())
    const total = Object.values(truth).reduce((sum, ns) => sum + ns, 0)
    expect(samples).toBeGreaterThan(100)
    const known = Object.entries(TREE)
    for (const [name, path] of known) {
      const expected = truth[name as keyof typeof truth] / total
      // Four standard deviations of a share among so many samples.
      const error = 4 * Math.sqrt((expected * (1 - expected)) / samples)
      const share = byPath.get(path) ?? 0
      expect(Math.abs(share - expected), `${path}: ${share}, by its clock ${expected}`).toBeLessThan(error)
    }
    // What is left is the reading of clocks between them.
    const paths = new Set<string>(known.map(([, path]) => path))
    const others = [...byPath].filter(([path]) => !paths.has(path))
    expect(
      others.reduce((sum, [, share]) => sum + share, 0),
      JSON.stringify(others),
    ).toBeLessThan(0.03)
  })

  test('stripped of everything: its frames are the file’s, none is dropped, and a note says what to do', async () => {
    const binary = compiled(['-s', '-Wl,--build-id=none'])
    const { attached, samples, byPath } = await profile({ binary })
    const named = [...byPath].filter(([path]) => path.split(';').some((name) => name in TREE || name === 'main'))
    expect(named).toEqual([])
    expect(samples).toBeGreaterThan(100)
    const own = [...byPath].filter(([path]) => path.endsWith(';[calls]'))
    expect(own.reduce((sum, [, share]) => sum + share, 0)).toBeGreaterThan(0.95)
    expect(notesOf(attached).filter((text) => text.startsWith('calls ('))).toEqual([
      expect.stringMatching(/no symbol table.*-dbgsym/),
      expect.stringMatching(/without frame pointers: libc\.so/),
    ])
  })
}, [program('objcopy', 'binutils'), program('xz', 'xz-utils')])

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
