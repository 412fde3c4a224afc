import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasMiniDebugInfo, openDebugFile } from '../../../probes/symbols/debug-file.ts'
import { createElfFiles } from '../../../probes/symbols/elf-file.ts'
import { nameStack } from '../../../probes/symbols/frames.ts'
import { parseRegions, regionAt } from '../../../probes/symbols/maps.ts'
import { parsePerfMap } from '../../../probes/symbols/perf-map.ts'
import { readSymbolTable } from '../../../probes/symbols/symbol-table.ts'
import { readUnwindTable } from '../../../probes/symbols/unwind-table.ts'
import { mutateBytes, mutateLines } from '../mutate.ts'
import type { Random } from '../random.ts'
import { type FuzzTarget, harmIn } from '../target.ts'

const PROGRAMS = ['/bin/true', '/bin/echo', '/lib/x86_64-linux-gnu/libdl.so.2', '/lib/aarch64-linux-gnu/libdl.so.2']
const WORDS_64 = [0n, 1n, 2n, 11n, 64n, 0xffffffffn, 1n << 52n, 1n << 53n, 1n << 63n, 0xffffffffffffffffn]
const ADDRESSES = [0, 1, 0x1000, 0x1139, 0x1149, 0x4000, 2 ** 40, -1]

/** The places that lead: numbers in the header of the file and in those of its sections. */
function mutateElf(random: Random, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes)
  for (let times = 1 + random.int(6); times > 0; times--) {
    if (result.length < 64) return result
    const choice = random.int(4)
    if (choice === 0) result = Buffer.from(mutateBytes(random, result))
    else if (choice === 1)
      result.writeUInt16LE(random.pick([0, 1, 56, 64, 4096, 0xff00, 0xffff]), random.pick([54, 56, 58, 60, 62]))
    else if (choice === 2)
      result.writeBigUInt64LE(
        random.pick([...WORDS_64, BigInt(result.length), BigInt(result.length - 1)]),
        random.pick([32, 40]),
      )
    else {
      const [from, count] = [Number(result.readBigUInt64LE(40)), result.readUInt16LE(60)]
      const at = from + 64 * random.int(Math.max(1, count)) + random.pick([0, 4, 8, 16, 24, 32, 40, 56])
      if (at + 8 <= result.length)
        result.writeBigUInt64LE(random.pick([...WORDS_64, BigInt(random.int(result.length))]), at)
    }
  }
  return result
}

const elf: FuzzTarget = {
  about: 'programs: symbols, unwind tables, debug links',
  cases: 500,
  open: (folder) => {
    const seeds = PROGRAMS.filter((path) => existsSync(path)).map((path) => readFileSync(path))
    return {
      generate: (random) => ({ kind: 'so', bytes: mutateElf(random, random.pick(seeds)) }),
      read: ({ bytes }) => {
        const path = join(folder, 'a.so')
        writeFileSync(path, bytes)
        const files = createElfFiles()
        try {
          const file = files.open(path)
          if (!file) return null
          const table = readSymbolTable([file])
          const unwind = readUnwindTable(file)
          const names: string[] = []
          for (const address of ADDRESSES) {
            names.push(
              ...nameStack(
                [{ address: address.toString(16), symbol: table?.nameAt(address) ?? null, module: null }],
                [],
                () => null,
              ),
            )
            unwind?.baseAt(address)
            unwind?.startsAt(address)
          }
          hasMiniDebugInfo(file)
          openDebugFile(file, { root: '/proc/self/root', path: '/nowhere/x/a.so' }, files)
          return harmIn('a name', names.join('\n'))
        } finally {
          files.close()
          rmSync(path)
        }
      },
    }
  },
}

const perfMap: FuzzTarget = {
  about: 'perf maps, and lists of mapped files',
  cases: 400,
  open: () => {
    const seed = Array.from(
      { length: 200 },
      (_, i) => `${(0x1000000 + i * 64).toString(16)} 40 LazyCompile:~f${i} a.js:${i}`,
    ).join('\n')
    const maps = readFileSync('/proc/self/maps', 'utf8')
    const words = [
      '0x7f0000000000 10 int[] a.B.f(java.lang.String, long)',
      '1000000 ffffffffffffffff all',
      'zzz 1 x',
      '-1 -1 x',
      `1000000 40 ${'x'.repeat(60_000)}`,
      `1000000 40 _ZN${'1a'.repeat(2_000)}`,
      `1000000 40 a ${'b.'.repeat(20_000)}()`,
    ]
    return {
      generate: (random) => {
        const kind = random.pick(['map', 'map', 'maps'])
        return { kind, bytes: mutateLines(random, kind === 'map' ? seed : maps, words) }
      },
      read: ({ kind, bytes }) => {
        if (kind === 'maps') {
          const regions = parseRegions(bytes.toString())
          for (const address of ADDRESSES) regionAt(regions, address)
          return null
        }
        const map = parsePerfMap(bytes)
        const names = [0, 0x1000000, 0x1000010, 0x1003200, 2 ** 64].flatMap((address) =>
          nameStack([{ address: address.toString(16), symbol: null, module: null }], [], () => map.nameOf(address)),
        )
        map.continues(map)
        return names.some((name) => name.length > 8_000)
          ? 'a name is longer than 8000'
          : harmIn('a name', names.join('\n'))
      },
    }
  },
}

export const symbolTargets = { elf, 'perf-map': perfMap }
