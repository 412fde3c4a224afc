import { spawn } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createBudget } from '../../../probes/symbols/budget.ts'
import { createJitNames } from '../../../probes/symbols/jit.ts'
import { mayBeJit, parsePerfMap, readPerfMap } from '../../../probes/symbols/perf-map.ts'

interface Region {
  start: number
  size: number
}
const line = ({ start, size }: Region, name: string) => `${start.toString(16)} ${size.toString(16)} ${name}`

const mapOf = (text: string) => parsePerfMap(Buffer.from(text))

describe('a perf map', () => {
  test('names the addresses of a region, from its start to before its end', () => {
    const map = mapOf('7f00 10 JS:*run a.js:1\n')
    const named = ['7eff', '7f00', '7f0f', '7f10'].map((address) => map.nameOf(Number.parseInt(address, 16)))
    expect(named).toEqual([null, 'JS:*run a.js:1', 'JS:*run a.js:1', null])
    expect(map.entries).toBe(1)
  })

  test('passes over lines that are none: cut off, garbage, blank', () => {
    const map = mapOf('\ngarbage\n7f00\n7f00 zz x\n7f00 10\n7f00 10 good\n7f10 1')
    expect(map.entries).toBe(1)
    expect(map.nameOf(0x7f05)).toBe('good')
  })

  test('keeps blanks and other letters of names', () => {
    expect(mapOf('7f00 10 JS:~größe node:internal (x)').nameOf(0x7f01)).toBe('JS:~größe node:internal (x)')
  })

  test('of a JVM writes its numbers with 0x, and its methods with their types', () => {
    const map = mapOf('0x00007f950cec9ca0 0x0000000000000498 int T.f(int[])\n')
    expect(map.nameOf(0x7f950cec9ca1)).toBe('T.f')
  })

  test('of more entries than are kept has names for the newest, and says that it is not whole', () => {
    const text = Buffer.from('10 8 oldest\n20 8 older\n30 8 newest\n')
    const map = parsePerfMap(text, 2)
    expect([0x10, 0x20, 0x30].map(map.nameOf)).toEqual([null, 'older', 'newest'])
    expect([map.entries, map.isWhole]).toEqual([2, false])
    expect(parsePerfMap(text, 3).isWhole).toBe(true)
  })

  test('of one line of any length has a name of bounded length', () => {
    const map = mapOf(`10 8 ${'x'.repeat(1_000_000)}`)
    expect(map.nameOf(0x10)).toHaveLength(4096)
  })

  test('that has grown goes on with what was there, one that was written anew does not', () => {
    const [first, grown] = [mapOf('10 8 a\n20 8 b\n'), mapOf('10 8 a\n20 8 b\n30 8 c\n')]
    expect(grown.continues(first)).toBe(true)
    expect(grown.continues(mapOf(''))).toBe(true)
    for (const text of ['10 8 a\n', '10 8 a\n20 4 b\n30 8 c\n', '10 8 a\n20 8 other\n', '20 8 b\n10 8 a\n'])
      expect(mapOf(text).continues(first), text).toBe(false)
  })

  test('of regions that overlap the newest is right: code moves', () => {
    const region = fc.record({ start: fc.integer({ min: 1, max: 60 }), size: fc.integer({ min: 1, max: 30 }) })
    fc.assert(
      fc.property(fc.array(region, { maxLength: 60 }), fc.nat(100), (regions, address) => {
        const newest = regions.findLastIndex(({ start, size }) => start <= address && address < start + size)
        const map = mapOf(regions.map((one, index) => line(one, `f${index}`)).join('\n'))
        expect(map.nameOf(address)).toBe(newest < 0 ? null : `f${newest}`)
      }),
    )
  })
})

test('a frame may be just-in-time code only where no file stands behind its address', () => {
  const memory = ['//anon', '/memfd:doublemapper (deleted)', '/anon_hugepage (deleted)', '/dev/zero', '[anon:code]']
  for (const module of [null, ...memory]) expect(mayBeJit(module), String(module)).toBe(true)
  for (const module of ['/usr/bin/node', '[vdso]', '/srv/memfd:x']) expect(mayBeJit(module), module).toBe(false)
})

describe('the map of a running process', () => {
  const folder = mkdtempSync('/tmp/probe-perf-map-')
  afterAll(() => rmSync(folder, { recursive: true }))
  const path = `/tmp/perf-${process.pid}.map`
  const write = (text: string) => {
    writeFileSync(path, text)
    onTestFinished(() => rmSync(path, { force: true }))
  }

  test('is read where its own user wrote it', () => {
    write('7f00 10 JS:*run\n')
    expect(readPerfMap(process.pid, createBudget())?.nameOf(0x7f00)).toBe('JS:*run')
  })

  test('is not there when none was written', () => {
    expect(readPerfMap(process.pid, createBudget())).toBeNull()
  })

  test('is not read through a link', () => {
    writeFileSync(`${folder}/elsewhere`, '7f00 10 secret\n')
    symlinkSync(`${folder}/elsewhere`, path)
    onTestFinished(() => rmSync(path, { force: true }))
    expect(readPerfMap(process.pid, createBudget())).toBeNull()
  })

  test('is not read when it belongs to somebody else', ({ skip }) => {
    skip(process.getuid?.() !== 0, 'not root')
    write('7f00 10 planted\n')
    chownSync(path, 65534, 65534)
    expect(readPerfMap(process.pid, createBudget())).toBeNull()
  })

  test('is read again when it has grown and a phase ends', () => {
    const jit = createJitNames()
    jit.refresh(process.pid, true)
    expect(jit.nameOf(0x7f00)).toBeNull()
    write('7f00 10 first\n')
    jit.refresh(process.pid, true)
    expect(jit.nameOf(0x7f00)).toBe('first')
    writeFileSync(path, '7f00 10 first\n7f00 10 second\n')
    jit.refresh(process.pid, true)
    expect(jit.nameOf(0x7f00)).toBe('second')
  })

  test('that is written anew is read again, whatever its size, and code that it no longer lists keeps its name', () => {
    const jit = createJitNames()
    const names = () => ['7f00', '7f10', '7f20'].map((address) => jit.nameOf(Number.parseInt(address, 16)))
    write('0x7f00 0x10 int A.first()\n0x7f10 0x10 int A.second()\n')
    jit.refresh(process.pid, true)
    expect(names()).toEqual(['A.first', 'A.second', null])
    // Exactly as long as before.
    write('0x7f20 0x10 int A.third()\n0x7f10 0x10 int A.again_()\n')
    utimesSync(path, 1, 1)
    jit.refresh(process.pid, true)
    expect(names()).toEqual(['A.first', 'A.again_', 'A.third'])
  })

  test('does not name an address at which another process has something else', () => {
    const other = spawn('cat')
    onTestFinished(() => void other.kill())
    const pid = other.pid ?? 0
    writeFileSync(`/tmp/perf-${pid}.map`, '7f00 10 theirs\n7f10 10 both\n')
    onTestFinished(() => rmSync(`/tmp/perf-${pid}.map`, { force: true }))
    write('7f00 10 ours\n7f10 10 both\n7f20 10 alone\n')
    const jit = createJitNames()
    for (const one of [process.pid, pid]) jit.refresh(one, true)
    expect(['7f00', '7f10', '7f20'].map((address) => jit.nameOf(Number.parseInt(address, 16)))).toEqual([
      null,
      'both',
      'alone',
    ])
  })
})
