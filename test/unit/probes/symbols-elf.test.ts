import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { addressOf, type ReadAt, readElf } from '../../../probes/symbols/elf.ts'
import { readSymbolTable } from '../../../probes/symbols/symbol-table.ts'
import { compile, lacking } from './programs.ts'

const lacks = lacking('gcc', 'nm', 'addr2line')
const skipped = lacks ? ` [skipped: ${lacks}]` : ''

const source = `
#include <stdio.h>
__attribute__((noinline)) static int inner(int x) { return x * 3 + 1; }
__attribute__((noinline)) int outer(int x) { return inner(x) + inner(x + 1); }
int alias(int x) __attribute__((alias("outer")));
__asm__(".text\\n.type unsized, @function\\nunsized: nop\\n label: nop\\n ret\\n");
int main(int argc, char **argv) { return printf("%d %s\\n", outer(argc), argv[0]); }`

const fromBuffer =
  (bytes: Buffer): ReadAt =>
  (offset, length) =>
    offset < bytes.length && length > 0 ? bytes.subarray(offset, offset + length) : Buffer.alloc(0)

function tableOf(readAt: ReadAt) {
  const image = readElf(readAt)
  return image && { image, table: readSymbolTable([{ image, readAt }]) }
}

function readerOf(path: string): ReadAt {
  const file = openSync(path, 'r')
  onTestFinished(() => closeSync(file))
  return (offset, length) => {
    const bytes = Buffer.alloc(Math.max(0, length))
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset))
  }
}

interface Listed {
  start: number
  end: number
  names: Set<string>
}

/** Functions with a size as nm lists them, by address. */
function listFunctions(path: string): Listed[] {
  const byStart = new Map<number, Listed>()
  const text = execFileSync('nm', ['-S', '--defined-only', path], { maxBuffer: 256 * 1024 * 1024 }).toString()
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]+) ([0-9a-f]+) [tTwWiuV] (\S+)$/.exec(line)
    if (!match) continue
    const [start, size] = [Number.parseInt(match[1] ?? '', 16), Number.parseInt(match[2] ?? '', 16)]
    const seen = byStart.get(start) ?? { start, end: start, names: new Set() }
    seen.names.add(match[3] ?? '')
    seen.end = Math.max(seen.end, start + size)
    byStart.set(start, seen)
  }
  return [...byStart.values()].sort((a, b) => a.start - b.start)
}

describe.skipIf(lacks !== null)(`symbols of an ELF file${skipped}`, () => {
  test('are those of nm, for 500 addresses of the node binary', () => {
    const read = tableOf(readerOf(process.execPath))
    const functions = listFunctions(process.execPath)
    const step = Math.max(1, Math.floor(functions.length / 500))
    const differing = functions
      .filter((_, i) => i % step === 0)
      .filter(({ start, end, names }) => {
        const inside = start + Math.floor((end - start) / 2)
        const named = read?.table?.nameAt(inside) ?? ''
        // Functions may lie within others: then both have the address.
        return !names.has(named) && !functions.some((f) => f.start <= inside && inside < f.end && f.names.has(named))
      })
    expect(functions.length).toBeGreaterThan(500)
    expect(differing).toEqual([])
  })

  test('are those of addr2line, for every byte of a C program’s functions', () => {
    const binary = compile(source, ['-g'])
    const read = tableOf(readerOf(binary))
    const own = listFunctions(binary).filter(({ names }) => ['inner', 'outer', 'main'].some((name) => names.has(name)))
    const addresses = own.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i))
    const lines = execFileSync('addr2line', ['-f', '-e', binary, ...addresses.map((a) => a.toString(16))])
      .toString()
      .split('\n')
    expect(own).toHaveLength(3)
    for (const [i, address] of addresses.entries()) {
      const named = read?.table?.nameAt(address)
      expect(named === 'alias' ? 'outer' : named, address.toString(16)).toBe(lines[2 * i])
    }
  })

  test('without a size reach to the next one, over labels, and not before themselves', () => {
    const binary = compile(source)
    const table = tableOf(readerOf(binary))?.table
    const start = Number.parseInt(
      /^([0-9a-f]+) t unsized$/m.exec(execFileSync('nm', [binary]).toString())?.[1] ?? '',
      16,
    )
    expect([0, 1, 2].map((byte) => table?.nameAt(start + byte))).toEqual(['unsized', 'unsized', 'unsized'])
    expect(table?.nameAt(start - 1)).not.toBe('unsized')
  })

  test('are found by place in the file', () => {
    const binary = compile(source)
    const read = tableOf(readerOf(binary))
    const main = listFunctions(binary).find(({ names }) => names.has('main'))
    const segment = read?.image.segments.find(
      (s) => main && s.address <= main.start && main.start < s.address + s.fileBytes,
    )
    const offset = (main?.start ?? 0) - (segment?.address ?? 0) + (segment?.fileOffset ?? 0)
    expect(read && addressOf(read.image, offset)).toBe(main?.start)
    expect(read && addressOf(read.image, 2 ** 40)).toBeNull()
  })

  test('and the build id are those that readelf shows', () => {
    const binary = compile(source, ['-Wl,--build-id=0x0123456789abcdef'])
    expect(tableOf(readerOf(binary))?.image.buildId).toBe('0123456789abcdef')
  })
})

describe('a hostile file', () => {
  const valid = () => readFileSync(compile(source))
  const lookAt = (bytes: Buffer) => {
    const read = tableOf(fromBuffer(bytes))
    for (const address of [0, 0x1000, 0x1139, 0x4000, 2 ** 52]) {
      const name = read?.table?.nameAt(address) ?? null
      if (name !== null) expect(name.length).toBeLessThanOrEqual(2048)
      if (read) addressOf(read.image, address)
    }
  }

  test.skipIf(lacks !== null)(`never throws, wherever it was cut off${skipped}`, () => {
    const bytes = valid()
    fc.assert(fc.property(fc.nat(bytes.length), (length) => lookAt(bytes.subarray(0, length))))
  })

  test.skipIf(lacks !== null)(`never throws, whatever its headers say${skipped}`, () => {
    const bytes = valid()
    const sections = Number(bytes.readBigUInt64LE(40))
    const place = fc.oneof(
      fc.nat(0x400), // file and program headers
      fc.nat(bytes.length - sections - 1).map((at) => sections + at),
      fc.nat(bytes.length - 1),
    )
    const patch = fc.tuple(place, fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.constant(Buffer.alloc(8, 0xff))))
    fc.assert(
      fc.property(fc.array(patch, { minLength: 1, maxLength: 12 }), (patches) => {
        const hostile = Buffer.from(bytes)
        for (const [at, value] of patches) hostile.set(value.subarray(0, bytes.length - at), at)
        lookAt(hostile)
      }),
      { numRuns: 300 },
    )
  })

  test('never throws, when it is nothing but a beginning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4096 }), (rest) =>
        lookAt(Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]), rest])),
      ),
    )
  })

  test.each([
    ['of nothing', Buffer.alloc(0)],
    ['of text', Buffer.from('#!/bin/sh\n'.repeat(20))],
    ['of 32 bits', Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]), Buffer.alloc(100)])],
    ['of big-endian numbers', Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 2, 1]), Buffer.alloc(100)])],
  ])('%s is none of ours', (_, bytes) => {
    expect(readElf(fromBuffer(bytes))).toBeNull()
  })
})
