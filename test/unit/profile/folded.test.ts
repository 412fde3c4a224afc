import { open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createProfile, createReadProfile } from '../../../audit/profile/build.ts'
import { foldedLines, parseFolded, readFolded } from '../../../audit/profile/folded.ts'
import { findPath } from '../../../audit/profile/frame.ts'
import { columnTotals } from '../../../audit/profile/totals.ts'
import { profileOf, stacks, sumOf } from './stacks.ts'

describe('folded stacks', () => {
  test('a line that never ends is none, also behind others', async () => {
    let first = Buffer.from('main;f 12\n')
    const endless = {
      read: async (into: Buffer, offset: number, length: number) => {
        const bytesRead = Math.min(length, first.length || length)
        if (first.length > 0) first.copy(into, offset)
        else into.fill(120, offset, offset + length)
        first = first.subarray(bytesRead)
        return { bytesRead }
      },
    }
    await expect(readFolded(endless)).rejects.toMatchObject({ code: 'not_folded' })
  })

  test('out and in again say the same, line for line', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const lines = [...foldedLines(profileOf(added), '1')]
        const read = parseFolded(lines.join('\n'))
        expect([...foldedLines(read.profile, 'all')]).toEqual(lines)
        expect(read.skipped).toBe(0)
        expect(columnTotals(read.profile, 'all')[0]).toBe(sumOf(added, '1'))
      }),
    )
  })

  test('the order of lines does not change what is written', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const forwards = [...foldedLines(profileOf(added), '2')]
        expect([...foldedLines(profileOf([...added].reverse()), '2')]).toEqual(forwards)
      }),
    )
  })

  test.each([
    ['main;read 3', ['main;read 3'], 0],
    ['a 1\na 2\n', ['a 3'], 0],
    ['a 1\r\nb 2\r\n', ['a 1', 'b 2'], 0],
    ['with space in name;b 4', ['with space in name;b 4'], 0],
    ['a 0.5\na 0.25', ['a 0.75'], 0],
    ['a 1e3', ['a 1000'], 0],
    ['\n\na 1\n\n', ['a 1'], 0],
    ['a 1\nno number\nb -3\nc Infinity\n 5\nd 0x10', ['a 1'], 5],
    ['a;;b 1', ['a;[unknown];b 1'], 0],
    ['a\u001b[31m;b 1', ['a\\x1b[31m;b 1'], 0],
    ['a\u202eb 1', ['a\\u202eb 1'], 0],
  ])('reads %j', (text, lines, skipped) => {
    const read = parseFolded(text)
    expect([...foldedLines(read.profile, 'all')]).toEqual(lines)
    expect(read.skipped).toBe(skipped)
  })

  test('bytes that are no UTF-8 become a replacement character, and equal results are one frame', () => {
    const read = parseFolded(Buffer.from([0xff, 0x20, 0x31, 0x0a, 0xfe, 0x20, 0x31]))
    expect([...foldedLines(read.profile, 'all')]).toEqual(['\ufffd 2'])
  })

  test('a second file becomes a second column of the same profile', () => {
    const { profile } = parseFolded('a;b 1', { column: 'before' })
    parseFolded('a;b 5\na 1', { column: 'after', into: profile })
    const b = findPath(profile, ['a', 'b']) ?? -1
    expect(profile.columns.map((key) => columnTotals(profile, key)[b])).toEqual([1, 5])
  })

  test('text without one stack is refused, with what was expected', () => {
    expect(() => parseFolded('{"not": "folded"}')).toThrow(expect.objectContaining({ code: 'not_folded' }))
    expect(parseFolded('').lines).toBe(0)
  })

  test('stacks that first seem not to repeat, and then do, all count', () => {
    const once = Array.from({ length: 9000 }, (_, i) => `main;f${i} 1`)
    const read = parseFolded([...once, ...once, ...once.slice(0, 10)].join('\n'))
    const counted = once.map((line, i) => line.replace(/ 1$/, i < 10 ? ' 3' : ' 2'))
    expect([...foldedLines(read.profile, 'all')]).toEqual(counted.sort())
  })

  test('a tree, or names, beyond the limit are refused with what to do', () => {
    const text = Array.from({ length: 100 }, (_, i) => `main;name-${i} 1`).join('\n')
    const into = (limits: { places?: number; nameBytes?: number }) => ({ into: createReadProfile('samples', limits) })
    const many = Array.from({ length: 2000 }, (_, i) => `main;name-${i} 1`).join('\n')
    expect(parseFolded(text, into({ places: 256, nameBytes: 10_000 })).profile.size).toBe(102)
    for (const limits of [{ places: 1023 }, { nameBytes: 5_000 }])
      expect(() => parseFolded(many, into(limits))).toThrow(
        expect.objectContaining({ code: 'too_large', fix: expect.stringContaining('fewer stacks') }),
      )
  })

  test('a separator inside a name does not become a frame', () => {
    const profile = createProfile('samples')
    profile.add(['Ljava/lang/String;', 'b'], 1, 1, 'all')
    expect([...foldedLines(profile, 'all')]).toEqual(['Ljava/lang/String:;b 1'])
  })

  test('stacks deeper than any call stack of ours are read and written', () => {
    const line = `${Array.from({ length: 50_000 }, (_, i) => `f${i}`).join(';')} 1`
    expect([...foldedLines(parseFolded(line).profile, 'all')]).toEqual([line])
  })
})

describe('reading a file', () => {
  const line = (i: number): string => `main;${'x'.repeat(200)};f${i % 5000};leaf_[k] ${1 + (i % 7)}`

  test('is the same as reading text, across chunk borders', async () => {
    const text = Array.from({ length: 50_000 }, (_, i) => line(i)).join('\n')
    const read = await readText(text)
    const expected = parseFolded(text)
    expect(read.lines).toBe(50_000)
    expect([...foldedLines(read.profile, 'all')]).toEqual([...foldedLines(expected.profile, 'all')])
  })

  test('drops a line that is longer than any stack, and only that', async () => {
    const read = await readText(`a 1\n${'y'.repeat(9 << 20)} 5\nb 2\n${'z'.repeat(5 << 20)}`)
    expect([...foldedLines(read.profile, 'all')]).toEqual(['a 1', 'b 2'])
    expect(read.skipped).toBe(2)
  })

  test('reads an empty file as an empty profile', async () => {
    expect((await readText('')).lines).toBe(0)
  })
})

let files = 0
async function readText(text: string) {
  const path = join(tmpdir(), `probe-folded-${process.pid}-${files++}.txt`)
  await writeFile(path, text)
  const file = await open(path)
  try {
    return await readFolded(file)
  } finally {
    await file.close()
    await rm(path)
  }
}
