import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { attach, freshDirectory } from './attach.ts'
import { callShares, expectShares, measureCalls, notesOf } from './call-tree.ts'
import { kernelSuite, program } from './requirements.ts'
import { startWorkload } from './workload.ts'

const source = fileURLToPath(new URL('../../fixtures/workloads/calls.c', import.meta.url))
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

async function profile({ binary, prefix = [], then }: Started) {
  const calls = await startWorkload('calls', ['--seconds', '3'], { binary, prefix })
  then?.()
  const attached = await attach(['on-cpu', '--pid', String(calls.pid)])
  const truth = await measureCalls(calls, attached)
  return { truth, attached, shares: callShares(attached, 'main') }
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
    const { truth, shares } = await profile(make())
    expectShares(shares, truth, TREE)
  })

  test('stripped of everything: its frames are the file’s, none is dropped, and a note says what to do', async () => {
    const binary = compiled(['-s', '-Wl,--build-id=none'])
    const { attached, shares } = await profile({ binary })
    const { samples, byPath } = shares
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
