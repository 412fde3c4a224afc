import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createBudget } from '../../../probes/symbols/budget.ts'
import { createChecksums, openDebugFile } from '../../../probes/symbols/debug-file.ts'
import { type ReadAt, readElf } from '../../../probes/symbols/elf.ts'
import { createElfFiles, type ElfFile } from '../../../probes/symbols/elf-file.ts'
import { LIMITS } from '../../../probes/symbols/limits.ts'
import { createModules } from '../../../probes/symbols/modules.ts'
import { readUnwindTable } from '../../../probes/symbols/unwind-table.ts'
import { makeElf, PT_LOAD, PT_NOTE } from './make-elf.ts'

const MIB = 1024 * 1024

/** Counts what is read of a file: work is bounded by it, on any machine. */
function counting(bytes: Buffer) {
  const counted = { reads: 0, bytes: 0 }
  const readAt: ReadAt = (offset, length) => {
    const part = bytes.subarray(offset, offset + length)
    counted.reads++
    counted.bytes += part.length
    return part
  }
  return { readAt, counted }
}

function fileOf(bytes: Buffer) {
  const { readAt, counted } = counting(bytes)
  const image = readElf(readAt)
  if (image === null) throw new Error('it is no ELF file')
  const file: ElfFile = { image, readAt, identity: null, path: '/made' }
  return { file, counted }
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'probe-limits-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

describe('a program that is made to be read for long', () => {
  test('with thousands of note segments has a few of them read', () => {
    const notes = Buffer.alloc(64 * 1024)
    for (let at = 0; at + 12 <= notes.length; at += 12) notes.writeUInt32LE(9, at + 8)
    const segments = Array.from({ length: 60_000 }, () => ({ type: PT_NOTE, offset: 64, size: notes.length }))
    const { file, counted } = fileOf(makeElf({ segments, sections: [{ name: '.x', bytes: notes }] }))
    expect(file.image.buildId).toBeNull()
    expect(counted.bytes).toBeLessThan(2 * MIB)
    expect(counted.reads).toBeLessThan(32)
  })

  test('with an .eh_frame of nothing but common entries has it read once', () => {
    const common = Buffer.from([8, 0, 0, 0, 0, 0, 0, 0, 1, 0x7a, 0, 1])
    const frames = Buffer.concat(Array.from({ length: LIMITS.ehFrameBytes / common.length }, () => common))
    const { file, counted } = fileOf(makeElf({ sections: [{ name: '.eh_frame', address: 0x1000, bytes: frames }] }))
    const budget = createBudget()
    const before = { ...counted }
    expect(readUnwindTable(file, budget)?.framedShare()).toBeNull()
    expect(counted.reads - before.reads).toBeLessThan(4)
    expect(budget.takeNotes()).toEqual([expect.stringContaining(`${LIMITS.ehFrameEntries} entries`)])
  })

  test('with an .eh_frame beyond the limit has none of it read', () => {
    const bytes = Buffer.alloc(LIMITS.ehFrameBytes + 1)
    const { file, counted } = fileOf(makeElf({ sections: [{ name: '.eh_frame', address: 0x1000, bytes }] }))
    const before = counted.bytes
    expect(readUnwindTable(file)).toBeNull()
    expect(counted.bytes - before).toBeLessThan(MIB)
  })
})

describe('a debug file that is made to be read for long', () => {
  const linked = (crc: number) =>
    makeElf({
      segments: [{ type: PT_LOAD, offset: 0, size: MIB }],
      sections: [{ name: '.gnu_debuglink', bytes: Buffer.from([...Buffer.from('big.debug\0\0\0'), crc, 0, 0, 0]) }],
    })

  test('is read to its end once, however many programs name it as theirs', () => {
    const directory = folder()
    writeFileSync(join(directory, 'big.debug'), linked(1))
    truncateSync(join(directory, 'big.debug'), 64 * MIB)
    const taken: number[] = []
    const checksums = createChecksums({ take: (_, bytes) => taken.push(bytes) > 0 })
    const files = createElfFiles()
    onTestFinished(files.close)
    for (let i = 0; i < 48; i++) {
      const path = join(directory, `lib${i}.so`)
      writeFileSync(path, linked(i))
      const own = files.open(path)
      if (own === null) throw new Error('it is no ELF file')
      expect(openDebugFile(own, { root: '', path }, files, checksums)).toBeNull()
    }
    expect(taken.reduce((sum, bytes) => sum + bytes, 0)).toBe(64 * MIB)
  })

  test('is left alone past the budget of all, which is told once', () => {
    const directory = folder()
    const budget = createBudget({ ...LIMITS, checksumBytes: 8 * MIB })
    const checksums = createChecksums(budget)
    const files = createElfFiles()
    onTestFinished(files.close)
    const crcs = ['one', 'two', 'three'].map((name) => {
      const path = join(directory, name)
      writeFileSync(path, linked(1))
      truncateSync(path, 6 * MIB)
      const file = files.open(path)
      return file && checksums(file)
    })
    expect(crcs).toEqual([expect.any(Number), null, null])
    expect(budget.takeNotes()).toEqual([expect.stringContaining('checked up to 8 MiB in all')])
    expect(budget.takeNotes()).toEqual([])
  })
})

describe('a process that maps more than is read', () => {
  test('has the first of its files looked at, and a note says so', () => {
    const directory = folder()
    const budget = createBudget({ ...LIMITS, openFiles: 4 })
    const modules = createModules({ budget })
    onTestFinished(modules.close)
    const looked = Array.from({ length: 8 }, (_, i) => {
      const path = join(directory, `${i}`)
      writeFileSync(path, makeElf({}))
      const region = { start: i, end: i + 1, fileOffset: 0, device: 'fe:00', inode: 1000 + i, path }
      return modules.open(process.pid, region)
    })
    expect(looked).toHaveLength(8)
    expect(budget.takeNotes()).toEqual([expect.stringContaining('4 mapped files are looked at')])
  })

  test('has no more of its files read when its time is used up, and others have theirs', () => {
    const budget = createBudget({ ...LIMITS, processMs: -1 })
    expect(budget.onTimeOf(1, '/srv/slow', () => 'read')).toBeNull()
    expect(budget.takeNotes()).toEqual([expect.stringContaining('/srv/slow')])
    const patient = createBudget()
    expect(patient.onTimeOf(1, '/srv/slow', () => patient.onTimeOf(1, '/srv/inner', () => 'read'))).toBe('read')
  })
})
