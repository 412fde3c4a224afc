import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RawFrame } from '../../../probes/engine/frame.ts'
import { nameStack } from '../../../probes/symbols/frames.ts'
import { createModules } from '../../../probes/symbols/modules.ts'
import { createUserNames } from '../../../probes/symbols/user-names.ts'
import { compile, lacking, run } from './programs.ts'

const lacks = lacking('gcc', 'strip')
const isRoot = process.getuid?.() === 0

/** Prints where its functions are, then for each line read where cbrt() of a library loaded now is. */
const source = `
#include <dlfcn.h>
#include <stdio.h>
__attribute__((noinline)) void exported(void) { __asm__ volatile("nop; nop; nop; nop"); }
__attribute__((noinline)) static void hidden(void) { __asm__ volatile("nop; nop; nop; nop"); }
int main(void) {
  exported();
  hidden();
  printf("exported %lx hidden %lx\\n", (unsigned long)exported + 1, (unsigned long)hidden + 1);
  fflush(stdout);
  while (getchar() == '\\n') {
    printf("cbrt %lx\\n", (unsigned long)dlsym(dlopen("libm.so.6", RTLD_NOW), "cbrt"));
    fflush(stdout);
  }
  return 0;
}`

const at = (address: string | undefined): RawFrame => ({ address: address ?? null, symbol: null, module: '[unknown]' })

function namesOf(...pids: number[]) {
  const names = createUserNames(pids)
  onTestFinished(names.close)
  return names
}

describe.skipIf(lacks !== null)(`names of a C program's frames${lacks ? ` [skipped: ${lacks}]` : ''}`, () => {
  test.each<[string, string[], { exported: string | null; hidden: string | null }]>([
    ['position independent', [], { exported: 'exported', hidden: 'hidden' }],
    ['at fixed addresses', ['-no-pie'], { exported: 'exported', hidden: 'hidden' }],
    ['static-pie', ['-static-pie'], { exported: 'exported', hidden: 'hidden' }],
    ['stripped: only what it exports', ['-s', '-rdynamic'], { exported: 'exported', hidden: null }],
    ['stripped of everything', ['-s'], { exported: null, hidden: null }],
  ])('%s', async (_, flags, expected) => {
    const binary = compile(source, flags)
    const program = await run(binary)
    const names = namesOf(program.pid)
    for (const name of ['exported', 'hidden'] as const) {
      expect(names.symbolOf(at(program.addresses[name]))).toBe(expected[name])
      expect(names.moduleOf(at(program.addresses[name]))).toBe(binary)
    }
    const stack = nameStack([at(program.addresses['hidden'])], [], () => null, names)
    expect(stack).toEqual([expected.hidden ?? '[program]'])
  })

  test('are there when the process has gone before it was asked about', async () => {
    const program = await run(compile(source))
    const names = namesOf(program.pid)
    await program.end()
    names.refresh(true)
    expect(names.symbolOf(at(program.addresses['hidden']))).toBe('hidden')
  })

  test.skipIf(!isRoot)('are those of the file that runs, not of what has taken its path (needs root)', async () => {
    const binary = compile(source)
    const program = await run(binary)
    rmSync(binary)
    const names = namesOf(program.pid)
    expect(names.symbolOf(at(program.addresses['hidden']))).toBe('hidden')
    expect(names.moduleOf(at(program.addresses['hidden']))).toBe(binary)
  })

  test('include those of a library loaded later', async () => {
    const program = await run(compile(source))
    const names = namesOf(program.pid)
    const { cbrt } = await program.ask('')
    expect(names.moduleOf(at(cbrt))).toMatch(/libm\.so/)
    expect(names.symbolOf(at(cbrt))).toMatch(/cbrt/)
  })

  test('are given when processes agree, and not when they differ', async () => {
    const [one, other] = ['first_name', 'other_name'].map((name) =>
      compile(source.replaceAll('hidden', name), ['-no-pie', '-fno-stack-protector']),
    )
    const [a, b, c] = [await run(one ?? ''), await run(one ?? ''), await run(other ?? '')]
    const address = a.addresses['first_name']
    expect(c.addresses['other_name'], 'the same place in both programs').toBe(address)
    expect(namesOf(a.pid, b.pid).symbolOf(at(address))).toBe('first_name')
    expect(namesOf(a.pid, c.pid).symbolOf(at(address))).toBeNull()
    expect(namesOf(a.pid, c.pid).moduleOf(at(address))).toBeNull()
  })

  test('come from the only process that has them', async () => {
    const [a, b] = [await run(compile(source)), await run(compile(source))]
    const names = namesOf(a.pid, b.pid)
    expect(names.symbolOf(at(a.addresses['hidden']))).toBe('hidden')
    expect(names.symbolOf(at(b.addresses['hidden']))).toBe('hidden')
  })

  test('let go of the files when they are closed', async () => {
    const binary = compile(source)
    const program = await run(binary)
    const names = createUserNames([program.pid])
    expect(openFiles()).toContain(binary)
    names.close()
    expect(names.symbolOf(at(program.addresses['hidden']))).toBeNull()
    expect(openFiles()).not.toContain(binary)
  })
})

test.each([
  ['in no region', '10'],
  ['beyond what is exact', 'ffffffffff600010'],
  ['that is none', 'zz'],
])('an address %s has neither symbol nor file', (_, address) => {
  const names = namesOf(process.pid)
  expect(names.symbolOf(at(address))).toBeNull()
  expect(names.moduleOf(at(address))).toBeNull()
})

test('a process that is gone has no names, and is no error', () => {
  expect(namesOf(2 ** 22 + 1).symbolOf(at('401000'))).toBeNull()
})

describe('a file that is not what the map says', () => {
  const open = (path: string, inode: number) => {
    const modules = createModules()
    onTestFinished(modules.close)
    return modules.open(process.pid, { start: 1, end: 2, fileOffset: 0, device: 'fe:00', inode, path })
  }

  test('is not opened when it is another one', () => {
    expect(open(process.execPath, statSync(process.execPath).ino + 1)).toBeNull()
  })

  test('is not opened when it is no regular file: a pipe would wait for ever', () => {
    const directory = mkdtempSync(join(tmpdir(), 'probe-symbols-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(open(pipe, statSync(pipe).ino)).toBeNull()
  })

  test('has no names when it is no program', () => {
    const path = new URL(import.meta.url).pathname
    expect(open(path, statSync(path).ino)?.nameOf(0)).toBeNull()
  })
})

const openFiles = () =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return [] // the descriptor of the listing itself
    }
  })
