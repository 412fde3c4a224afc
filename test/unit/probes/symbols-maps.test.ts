import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeRegions, parseRegions, type Region, readRegions, regionAt } from '../../../probes/symbols/maps.ts'

const region = (start: number, end: number, inode = 7, path = '/lib/a.so'): Region => ({
  start,
  end,
  fileOffset: 0,
  device: 'fe:00',
  inode,
  path,
})

describe('a line of /proc/PID/maps', () => {
  test.each<[string, string, Partial<Region>[]]>([
    [
      'with code of a file',
      '55d0c4a01000-55d0c4a02000 r-xp 00001000 fe:00 339380                     /usr/bin/api server',
      [{ start: 0x55d0c4a01000, end: 0x55d0c4a02000, fileOffset: 0x1000, inode: 339380, path: '/usr/bin/api server' }],
    ],
    [
      'of a deleted file',
      '00400000-00401000 r-xp 00000000 fe:00 12                         /srv/api (deleted)',
      [{ start: 0x400000, inode: 12, path: '/srv/api' }],
    ],
    ['without a file', '7f1000000000-7f1000040000 rwxp 00000000 00:00 0 ', [{ inode: 0, path: '' }]],
    ['of the vdso', '7ffd0f1fe000-7ffd0f200000 r-xp 00000000 00:00 0        [vdso]', [{ inode: 0, path: '[vdso]' }]],
    ['without code', '55d0c4a00000-55d0c4a01000 r--p 00000000 fe:00 339380   /usr/bin/api', []],
    ['of the vsyscall page', 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]', []],
    ['that ends before it starts', '2000-1000 r-xp 00000000 fe:00 1 /x', []],
    ['that is none', 'Size:                  4 kB', []],
  ])('%s', (_, line, expected) => {
    expect(parseRegions(`${line}\n`)).toEqual(expected.map((part) => expect.objectContaining(part)))
  })

  test('never throws, and what is found ascends', () => {
    const hex = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString(16))
    const line = fc.oneof(
      fc.tuple(hex, hex, fc.string()).map(([a, b, path]) => `${a}-${b} r-xp 00000000 fe:00 1 ${path}`),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const starts = parseRegions(lines.join('\n')).map(({ start }) => start)
        expect(starts).toEqual([...starts].sort((a, b) => a - b))
      }),
    )
  })
})

describe('the regions of a process', () => {
  test('hold its own code', () => {
    expect(readRegions(process.pid)?.some(({ inode }) => inode > 0)).toBe(true)
  })

  test('are unknown when it is gone', () => {
    expect(readRegions(2 ** 22 + 1)).toBeNull()
  })

  test.each([
    [0xfff, null],
    [0x1000, 0x1000],
    [0x1fff, 0x1000],
    [0x2000, null],
    [0x3000, 0x3000],
    [0x4000, null],
  ])('are found by address: %i', (address, start) => {
    const regions = [region(0x1000, 0x2000), region(0x3000, 0x4000)]
    expect(regionAt(regions, address)?.start ?? null).toBe(start)
  })

  test.each<[string, Region[], Region[], number[]]>([
    ['one that is gone stays', [region(0x3000, 0x4000)], [region(0x1000, 0x2000)], [0x1000, 0x3000]],
    ['one whose place is taken goes', [region(0x1800, 0x2800)], [region(0x1000, 0x2000)], [0x1800]],
    ['one that touches another stays', [region(0x2000, 0x3000)], [region(0x1000, 0x2000)], [0x1000, 0x2000]],
    ['anonymous memory is not kept', [], [region(0x1000, 0x2000, 0, '')], []],
  ])('of before: %s', (_, now, before, starts) => {
    expect(mergeRegions(now, before).map(({ start }) => start)).toEqual(starts)
  })

  test('of before do not grow without bound', () => {
    let regions: Region[] = []
    for (let round = 0; round < 40; round++) {
      const base = round * 0x1000_0000
      const now = Array.from({ length: 500 }, (_, i) => region(base + i * 0x2000, base + i * 0x2000 + 0x1000))
      regions = mergeRegions(now, regions)
    }
    expect(regions.length).toBeLessThanOrEqual(8192)
    expect(regionAt(regions, 39 * 0x1000_0000)).not.toBeNull()
  })
})
