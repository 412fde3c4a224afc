import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { CLEAN_ENVIRONMENT } from '../host/privilege.ts'
import { type Budget, createBudget } from './budget.ts'
import type { ReadAt } from './elf.ts'
import { type ElfFile, type ElfFiles, elfOf } from './elf-file.ts'
import { LIMITS } from './limits.ts'

/** Where a file's separate symbols may lie. */
interface Place {
  /** what paths of the target begin with: "/proc/PID/root" */
  root: string
  /** of the file, as the target has it */
  path: string
}

const DEBUG = '/usr/lib/debug'

/**
 * Opens the separate debug file of a stripped one, where there is one: on this host or in the target's root, by build id,
 * else by name and checksum (.gnu_debuglink), in the places where gdb looks. What it names has proven to be of this file.
 */
export function openDebugFile(
  { image, readAt }: ElfFile,
  place: Place,
  files: ElfFiles,
  checksumOf: Checksums = createChecksums(createBudget()),
): ElfFile | null {
  const roots = ['', place.root]
  const find = (paths: readonly string[], accept: (file: ElfFile) => boolean): ElfFile | null => {
    for (const path of roots.flatMap((root) => paths.map((inRoot) => root + inRoot))) {
      const file = isRegular(path) ? files.open(path, { accept }) : null
      if (file !== null) return file
    }
    return null
  }

  const { buildId } = image
  const byId =
    buildId === null
      ? null
      : find(
          [`${DEBUG}/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`],
          (file) => file.image.buildId === buildId,
        )
  const link = byId === null ? readDebugLink(image.named.get('.gnu_debuglink'), readAt) : null
  if (link === null) return byId
  const folder = dirname(place.path)
  return find(
    [`${folder}/${link.name}`, `${folder}/.debug/${link.name}`, `${DEBUG}${folder}/${link.name}`],
    (file) => checksumOf(file) === link.crc,
  )
}

/** Opening a pipe or device may act or wait, and most of these paths do not exist. */
function isRegular(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
  } catch {
    return false // not ours to read, or the process has ended
  }
}

function readDebugLink(
  section: { fileOffset: number; fileBytes: number } | undefined,
  readAt: ReadAt,
): { name: string; crc: number } | null {
  if (section === undefined) return null
  const bytes = readAt(section.fileOffset, Math.min(section.fileBytes, 4096))
  const end = bytes.indexOf(0)
  // The checksum follows the name, at the next multiple of four.
  const at = (end + 4) & ~3
  const name = bytes.toString('utf8', 0, Math.max(0, end))
  if (end < 1 || at + 4 > bytes.length || name.includes('/') || name === '.' || name === '..') return null
  return { name, crc: bytes.readUInt32LE(at) }
}

const CHUNK = 4 * 1024 * 1024

/** CRC-32 of a file as .gnu_debuglink has it (the one of zlib); null when the budget does not reach for it. */
export type Checksums = (file: ElfFile) => number | null

/** Each file is read once, however many others name it as theirs. */
export function createChecksums(budget: Pick<Budget, 'take'>): Checksums {
  const known = new Map<string, number | null>()
  return (file) => {
    const before = file.identity === null ? undefined : known.get(file.identity)
    if (before !== undefined) return before
    const crc = checksumOf(file, budget)
    if (file.identity !== null) known.set(file.identity, crc)
    return crc
  }
}

function checksumOf({ readAt, path }: ElfFile, budget: Pick<Budget, 'take'>): number | null {
  let crc = 0
  for (let at = 0; ; ) {
    const bytes = readAt(at, CHUNK)
    if (bytes.length === 0) return crc
    if (!budget.take('checksumBytes', bytes.length, path)) return null
    crc = crc32(bytes, crc)
    at += bytes.length
  }
}

const TIME_LIMIT_MS = 10_000

/** Whether a file carries a symbol table of its own, compressed, for tools like this one. */
export const hasMiniDebugInfo = ({ image }: ElfFile): boolean => image.named.has('.gnu_debugdata')

/**
 * Unpacks .gnu_debugdata, the symbol table that stripped programs of Fedora and its kin carry: an ELF file, compressed by
 * xz. Waits for xz, some 10 ms.
 *
 * @param xz absolute path of xz(1)
 * @returns null when there is none, or it cannot be read
 */
export function unpackMiniDebugInfo(
  { image, readAt, path }: ElfFile,
  xz: string,
  budget: Pick<Budget, 'allows' | 'take'> = createBudget(),
): ElfFile | null {
  const section = image.named.get('.gnu_debugdata')
  if (section === undefined || !budget.allows('packedBytes', section.fileBytes, path)) return null
  const result = spawnSync(xz, ['--decompress', '--stdout', '--format=xz', '--memlimit-decompress=256MiB'], {
    env: CLEAN_ENVIRONMENT,
    input: readAt(section.fileOffset, section.fileBytes),
    maxBuffer: LIMITS.unpackedBytes,
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  if (result.status !== 0 || !budget.take('unpackedTogether', result.stdout.length, path)) return null
  return elfOf(result.stdout, path)
}
