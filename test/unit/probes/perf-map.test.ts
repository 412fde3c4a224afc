import { chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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
  const modules = [null, '[unknown]', '/tmp/perf-12.map', '//anon', '/usr/bin/node', '[vdso]']
  expect(modules.map((module) => mayBeJit(frame('0x7f00', module)))).toEqual([true, true, true, true, false, false])
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
})
