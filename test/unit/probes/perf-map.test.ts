import { spawn } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { createJitNames } from '../../../probes/symbols/jit.ts'
import { mayBeJit, parsePerfMap, readPerfMap } from '../../../probes/symbols/perf-map.ts'
import { frame } from './subjects.ts'

interface Region {
  start: number
  size: number
}
const line = ({ start, size }: Region, name: string) => `${start.toString(16)} ${size.toString(16)} ${name}`

describe('a perf map', () => {
  test('names the addresses of a region, from its start to before its end', () => {
    const map = parsePerfMap('7f00 10 JS:*run a.js:1\n')
    const named = ['7eff', '7f00', '7f0f', '7f10'].map((address) => map.nameOf(BigInt(`0x${address}`)))
    expect(named).toEqual([null, 'JS:*run a.js:1', 'JS:*run a.js:1', null])
    expect(map.entries).toBe(1)
  })

  test('passes over lines that are none: cut off, garbage, blank', () => {
    const map = parsePerfMap('\ngarbage\n7f00\n7f00 zz x\n7f00 10\n7f00 10 good\n7f10 1')
    expect(map.entries).toBe(1)
    expect(map.nameOf(0x7f05n)).toBe('good')
  })

  test('keeps blanks and other letters of names', () => {
    expect(parsePerfMap('7f00 10 JS:~größe node:internal (x)').nameOf(0x7f01n)).toBe('JS:~größe node:internal (x)')
  })

  test('of a JVM writes its numbers with 0x, and its methods with their types', () => {
    const map = parsePerfMap('0x00007f950cec9ca0 0x0000000000000498 int T.f(int[])\n')
    expect(map.nameOf(0x7f950cec9ca1n)).toBe('T.f')
  })

  test('that has grown goes on with what was there, one that was written anew does not', () => {
    const [first, grown] = [parsePerfMap('10 8 a\n20 8 b\n'), parsePerfMap('10 8 a\n20 8 b\n30 8 c\n')]
    expect(grown.continues(first)).toBe(true)
    expect(grown.continues(parsePerfMap(''))).toBe(true)
    for (const text of ['10 8 a\n', '10 8 a\n20 4 b\n30 8 c\n', '10 8 a\n20 8 other\n', '20 8 b\n10 8 a\n'])
      expect(parsePerfMap(text).continues(first), text).toBe(false)
  })

  test('of regions that overlap the newest is right: code moves', () => {
    const region = fc.record({ start: fc.integer({ min: 1, max: 60 }), size: fc.integer({ min: 1, max: 30 }) })
    fc.assert(
      fc.property(fc.array(region, { maxLength: 60 }), fc.nat(100), (regions, address) => {
        const newest = regions.findLastIndex(({ start, size }) => start <= address && address < start + size)
        const map = parsePerfMap(regions.map((one, index) => line(one, `f${index}`)).join('\n'))
        expect(map.nameOf(BigInt(address))).toBe(newest < 0 ? null : `f${newest}`)
      }),
    )
  })
})

test('a frame may be just-in-time code only where no file stands behind its address', () => {
  const memory = ['//anon', '/memfd:doublemapper (deleted)', '/anon_hugepage (deleted)', '/dev/zero', '[anon:code]']
  for (const module of [null, '[unknown]', '/tmp/perf-12.map', ...memory])
    expect(mayBeJit(frame('0x7f00', module)), String(module)).toBe(true)
  for (const module of ['/usr/bin/node', '[vdso]', '/srv/memfd:x'])
    expect(mayBeJit(frame('0x7f00', module)), module).toBe(false)
  expect(mayBeJit(frame('main'))).toBe(false)
})

describe('the map of a running process', () => {
  const folder = mkdtempSync('/tmp/probe-perf-map-')
  afterAll(() => rmSync(folder, { recursive: true }))
  const path = `/tmp/perf-${process.pid}.map`
  const write = (text: string) => {
    writeFileSync(path, text)
    onTestFinished(() => rmSync(path, { force: true }))
  }

  test('is read where its own user wrote it', async () => {
    write('7f00 10 JS:*run\n')
    expect((await readPerfMap(process.pid))?.nameOf(0x7f00n)).toBe('JS:*run')
  })

  test('is not there when none was written', async () => {
    expect(await readPerfMap(process.pid)).toBeNull()
  })

  test('is not read through a link', async () => {
    writeFileSync(`${folder}/elsewhere`, '7f00 10 secret\n')
    symlinkSync(`${folder}/elsewhere`, path)
    onTestFinished(() => rmSync(path, { force: true }))
    expect(await readPerfMap(process.pid)).toBeNull()
  })

  test('is not read when it belongs to somebody else', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'not root')
    write('7f00 10 planted\n')
    chownSync(path, 65534, 65534)
    expect(await readPerfMap(process.pid)).toBeNull()
  })

  test('is read again when it has grown and a phase ends', async () => {
    const jit = createJitNames([process.pid])
    await jit.refresh(true)
    expect(jit.nameOf(frame('0x7f00'))).toBeNull()
    write('7f00 10 first\n')
    await jit.refresh(true)
    expect(jit.nameOf(frame('0x7f00'))).toBe('first')
    writeFileSync(path, '7f00 10 first\n7f00 10 second\n')
    await jit.refresh(true)
    expect(jit.nameOf(frame('0x7f00'))).toBe('second')
  })

  test('that is written anew is read again, whatever its size, and code that it no longer lists keeps its name', async () => {
    const jit = createJitNames([process.pid])
    const names = () => ['7f00', '7f10', '7f20'].map((address) => jit.nameOf(frame(`0x${address}`)))
    write('0x7f00 0x10 int A.first()\n0x7f10 0x10 int A.second()\n')
    await jit.refresh(true)
    expect(names()).toEqual(['A.first', 'A.second', null])
    // Exactly as long as before.
    write('0x7f20 0x10 int A.third()\n0x7f10 0x10 int A.again_()\n')
    utimesSync(path, 1, 1)
    await jit.refresh(true)
    expect(names()).toEqual(['A.first', 'A.again_', 'A.third'])
  })

  test('does not name an address at which another process has something else', async () => {
    const other = spawn('cat')
    onTestFinished(() => void other.kill())
    const pid = other.pid ?? 0
    writeFileSync(`/tmp/perf-${pid}.map`, '7f00 10 theirs\n7f10 10 both\n')
    onTestFinished(() => rmSync(`/tmp/perf-${pid}.map`, { force: true }))
    write('7f00 10 ours\n7f10 10 both\n7f20 10 alone\n')
    const jit = createJitNames([process.pid, pid])
    await jit.refresh(true)
    expect(['7f00', '7f10', '7f20'].map((address) => jit.nameOf(frame(`0x${address}`)))).toEqual([
      null,
      'both',
      'alone',
    ])
  })
})
