import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { directCallee } from '../../../probes/symbols/call-site.ts'
import { addressOf } from '../../../probes/symbols/elf.ts'
import { createElfFiles, type ElfFile, elfOf } from '../../../probes/symbols/elf-file.ts'
import { CALLER_NOT_SEEN, nameStack } from '../../../probes/symbols/frames.ts'
import { readUnwindTable } from '../../../probes/symbols/unwind-table.ts'
import { createUserNames } from '../../../probes/symbols/user-names.ts'
import { compile, lacking, run } from './programs.ts'
import { frame } from './subjects.ts'

const isX86 = process.arch === 'x64'
const lacks = isX86 ? lacking('gcc', 'nm', 'readelf') : 'made for x86-64'
const skipped = lacks ? ` [skipped: ${lacks}]` : ''

function opened(path: string): ElfFile {
  const files = createElfFiles()
  onTestFinished(files.close)
  const file = files.open(path)
  if (file === null) throw new Error(`${path} is no ELF file`)
  return file
}

/** Where readelf finds the caller's frame, row by row: address and what the rule begins with. */
function interpreted(path: string): { address: number; base: string }[] {
  // It ends with 1 where it has looked for a debug file and found none.
  const text = spawnSync('readelf', ['-wF', path], { maxBuffer: 2 ** 28 }).stdout.toString()
  // A table of a common entry says nothing of any address.
  const tables = text.split(/\n\n+/).filter((part) => / FDE /.test(part.split('\n')[0] ?? ''))
  return tables.flatMap((table) =>
    [...table.matchAll(/^([0-9a-f]{16}) (\w+)/gm)]
      .map((row) => ({ address: Number.parseInt(row[1] ?? '', 16), base: row[2] ?? '' }))
      // Of two rows at one address the later is in force.
      .filter(({ address }, i, rows) => rows[i + 1]?.address !== address),
  )
}

const words = { rsp: 'stack pointer', rbp: 'frame pointer' } as const

describe.skipIf(lacks !== null)(`how the caller's frame is found${skipped}`, () => {
  test.each([
    ['libc', '/lib/x86_64-linux-gnu/libc.so.6'],
    ['this program', process.execPath],
    ['a static program, which has no index', null],
  ])(
    'is what readelf says, in %s',
    (_, file) => {
      const path = file ?? compile('int main(void) { return 0; }', ['-static'])
      const table = readUnwindTable(opened(path))
      const rows = interpreted(path)
      const step = Math.max(1, Math.floor(rows.length / 4000))
      const looked = rows.filter((_row, i) => i % step === 0)
      const differing = looked.filter(({ address, base }) => {
        const expected = base === 'rsp' || base === 'rbp' ? words[base] : null
        return table?.baseAt(address) !== expected
      })
      expect(looked.length).toBeGreaterThan(3000)
      expect(differing).toEqual([])
    },
    60_000,
  )

  const functions = Array.from(
    { length: 12 },
    (_, i) =>
      `int f${i}(volatile int *a) { for (int n = 0; n < *a; n++) a[n] += a[n + ${i}] * n; return g(a) + a[${i}]; }`,
  ).join('\n')
  const source = `__attribute__((noinline)) int g(volatile int *a) { return *a; }\n${functions}\nint main(void) { return 0; }`
  test.each([
    ['with frame pointers', ['-fno-omit-frame-pointer'], true],
    ['without', ['-fomit-frame-pointer'], false],
  ])('shows how a file was compiled: %s', (_, flags, expected) => {
    const share = readUnwindTable(opened(compile(source, flags)))?.framedShare() ?? Number.NaN
    expect(share > 0.5).toBe(expected)
  })

  test('is not said of too few functions', () => {
    expect(readUnwindTable(opened(compile('int main(void) { return 0; }')))?.framedShare()).toBeNull()
  })
})

const caller = `
#include <stdio.h>
#include <unistd.h>
#define KEPT __attribute__((noinline, noclone))
KEPT int leaf(int x) { __asm__ volatile("nop; nop; nop; nop"); return x; }
KEPT int framed(int x) { volatile int kept[4] = {x}; __asm__ volatile("in_framed: nop"); return kept[x & 3] + leaf(x); }
KEPT int direct(int x) { int y = leaf(x); __asm__ volatile("back_of_direct: nop"); return y + 1; }
KEPT int indirect(int (*volatile f)(int), int x) { int y = f(x); __asm__ volatile("back_of_indirect: nop"); return y + 1; }
int main(int argc, char **argv) {
  (void)argv;
  extern char back_of_direct[], back_of_indirect[], in_framed[];
  int x = direct(argc) + indirect(leaf, argc) + framed(argc);
  printf("direct %lx indirect %lx leaf %lx framed %lx inside %lx x %x\\n", (unsigned long)back_of_direct,
         (unsigned long)back_of_indirect, (unsigned long)leaf, (unsigned long)framed, (unsigned long)in_framed, x);
  fflush(stdout);
  getchar();
  return 0;
}`

describe.skipIf(lacks !== null)(`the function passed over below a leaf without a frame${skipped}`, () => {
  const start = async (flags: string[]) => {
    const program = await run(compile(caller, flags))
    const names = createUserNames([program.pid])
    onTestFinished(names.close)
    const at = (name: string) => ({ ...frame('0x0'), address: program.addresses[name] ?? null })
    return { names, at }
  }

  test('is the one that the call above calls', async () => {
    const { names, at } = await start(['-fomit-frame-pointer'])
    expect(names.skipsCaller(at('leaf'))).toBe(true)
    expect(nameStack([at('leaf'), at('direct')], [], () => null, names)).toEqual(['direct', 'leaf', 'leaf'])
  })

  test('is marked where that call does not say', async () => {
    const { names, at } = await start(['-fomit-frame-pointer'])
    expect(nameStack([at('leaf'), at('indirect')], [], () => null, names)).toEqual([
      'indirect',
      CALLER_NOT_SEEN,
      'leaf',
    ])
  })

  test('is none after the leaf has set up its frame', async () => {
    const { names, at } = await start(['-fno-omit-frame-pointer'])
    // At a function's first instruction its caller's frame is still in the register.
    expect([names.skipsCaller(at('framed')), names.skipsCaller(at('inside'))]).toEqual([true, false])
    expect(nameStack([at('inside'), at('direct')], [], () => null, names)).toEqual(['direct', 'framed'])
  })

  test('is found in code with frame pointers, too: gcc gives functions that call nothing none', async () => {
    const { names, at } = await start(['-fno-omit-frame-pointer'])
    expect(nameStack([at('leaf'), at('direct')], [], () => null, names)).toEqual(['direct', 'leaf', 'leaf'])
  })

  test('is not guessed for a leaf that stands alone, or that lies in no file', async () => {
    const { names, at } = await start(['-fomit-frame-pointer'])
    expect(nameStack([at('leaf')], [], () => null, names)).toEqual(['leaf'])
    expect(nameStack([frame('0x10'), at('direct')], [], () => null, names)).toEqual(['direct', '[unknown]'])
  })
})

test.skipIf(lacks !== null)(`no file makes reading it fail${skipped}`, () => {
  const bytes = readFileSync(compile(caller))
  const sections = ['.eh_frame', '.eh_frame_hdr'].flatMap((name) => elfOf(bytes)?.image.named.get(name) ?? [])
  const place = fc
    .constantFrom(...sections)
    .chain(({ fileOffset, fileBytes }) => fc.nat(fileBytes - 1).map((at) => fileOffset + at))
  const patch = fc.tuple(place, fc.uint8Array({ maxLength: 6 }))
  expect(sections).toHaveLength(2)
  fc.assert(
    fc.property(fc.array(patch, { minLength: 1, maxLength: 12 }), (patches) => {
      const hostile = Buffer.from(bytes)
      for (const [at, value] of patches) hostile.set(value.subarray(0, bytes.length - at), at)
      const file = elfOf(hostile)
      const table = file && readUnwindTable(file)
      for (const address of [0, 0x1000, 0x1139, 0x1200, 0x4000, 2 ** 52]) {
        table?.baseAt(address)
        table?.startsAt(address)
        if (file) directCallee(file, address)
        if (file) addressOf(file.image, address)
      }
      const share = table?.framedShare() ?? null
      return share === null || (share >= 0 && share <= 1)
    }),
    { numRuns: 300 },
  )
})
