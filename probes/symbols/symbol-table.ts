import type { ElfImage, ReadAt, SymbolSection } from './elf.ts'
import { LIMITS } from './limits.ts'
import { sortAsTracer } from './tracer-order.ts'

/** The symbols of one module, 17 bytes each: names stay in the file and are read when asked for. */
export interface SymbolTable {
  /** @param address virtual, before relocation */
  nameAt: (address: number) => string | null
  /** Where the first function of this name begins, virtual, before relocation; looks through all names. */
  startOf: (name: string) => number | null
  symbols: number
}

/** An ELF file to take symbols from. */
export interface SymbolSource {
  image: ElfImage
  readAt: ReadAt
}

const ENTRY = 24 // Elf64_Sym
const CHUNK_ENTRIES = 4096
/** Names are shown with up to 512 code points. */
const NAME_BYTES = 2048
/** How many symbols around an address are looked at: functions are nested two or three deep. */
const STEP_LIMIT = 4096

const STT_FUNC = 2
const STT_GNU_IFUNC = 10

/**
 * Reads the symbols of a module: those of its separate debug file before its own, as the tracer does.
 * null when there are none, or too many to keep.
 */
export function readSymbolTable(sources: readonly SymbolSource[]): SymbolTable | null {
  const sections = sources.flatMap(({ image, readAt }) => image.symbolSections.map((section) => ({ section, readAt })))
  const sorted = readSorted(sections)
  if (sorted === null) return null
  const { starts, sizes, names, kinds } = sorted
  const code = sources.flatMap(({ image }) => image.code)
  const nameOf = (index: number): string | null => {
    const from = sections[(kinds[index] ?? 0) >> 1]
    return from ? readName(from.readAt, from.section.names, names[index] ?? 0) : null
  }
  return {
    symbols: starts.length,
    startOf: (name) => {
      const places = sections.map(({ readAt, section }) => placesOf(name, readAt, section.names))
      for (let i = 0; i < starts.length; i++)
        if (((kinds[i] ?? 0) & 1) === 1 && places[(kinds[i] ?? 0) >> 1]?.has(names[i] ?? 0)) return starts[i] ?? null
      return null
    },
    nameAt: (address) => {
      const last = lastUpTo(starts, address)
      const index = covering(starts, sizes, last, address) ?? unsized(starts, sizes, kinds, last)
      if (index === null) return null
      // Without a size a symbol reaches to the next one, but not out of its section.
      const start = starts[index] ?? 0
      if (sizes[index] === 0 && !code.some((s) => start >= s.start && start < s.end && address < s.end)) return null
      return nameOf(index)
    },
  }
}

/** Of as many places as there are symbols. */
interface Columns {
  starts: Float64Array
  sizes: Uint32Array
  /** where the name begins in the section's names */
  names: Uint32Array
  /** section it comes from, shifted left; bit 0: a function */
  kinds: Uint8Array
}

const columns = (length: number): Columns => ({
  starts: new Float64Array(length),
  sizes: new Uint32Array(length),
  names: new Uint32Array(length),
  kinds: new Uint8Array(length),
})

function readSorted(sections: readonly NamedSection[]): Columns | null {
  const raw = collect(sections)
  if (raw === null || raw.length === 0) return null
  const sorted = columns(raw.length)
  sorted.starts.set(raw.starts.subarray(0, raw.length))
  const order = sortAsTracer(sorted.starts)
  for (let i = 0; i < order.length; i++) {
    const from = order[i] ?? 0
    sorted.sizes[i] = raw.sizes[from] ?? 0
    sorted.names[i] = raw.names[from] ?? 0
    sorted.kinds[i] = raw.kinds[from] ?? 0
  }
  return sorted
}

interface NamedSection {
  section: SymbolSection
  readAt: ReadAt
}

interface Raw extends Columns {
  length: number
}

function collect(sections: readonly NamedSection[]): Raw | null {
  const most = sections.reduce((sum, { section }) => sum + Math.floor(section.fileBytes / ENTRY), 0)
  if (most > LIMITS.symbols || sections.length > 127) return null
  const raw: Raw = { length: 0, ...columns(most) }
  for (const [index, { section, readAt }] of sections.entries()) {
    const end = section.fileOffset + section.fileBytes
    for (let at = section.fileOffset; at + ENTRY <= end; at += CHUNK_ENTRIES * ENTRY) {
      const chunk = readAt(at, Math.min(CHUNK_ENTRIES * ENTRY, end - at))
      if (chunk.length < ENTRY) break
      for (let o = 0; o + ENTRY <= chunk.length; o += ENTRY) take(raw, chunk, o, index, section.names.fileBytes)
    }
  }
  return raw
}

/** Objects and labels are kept, too: which name of a shared address the tracer prints depends on them (tracer-order.ts). */
function take(raw: Raw, chunk: Buffer, at: number, section: number, namesBytes: number): void {
  const name = chunk.readUInt32LE(at)
  const start = chunk.readUInt32LE(at + 8) + chunk.readUInt32LE(at + 12) * 2 ** 32
  if (name === 0 || name >= namesBytes || start === 0 || !Number.isSafeInteger(start)) return
  const type = (chunk[at + 4] ?? 0) & 0xf
  raw.starts[raw.length] = start
  raw.sizes[raw.length] = chunk.readUInt32LE(at + 20) === 0 ? chunk.readUInt32LE(at + 16) : 0xffff_ffff
  raw.names[raw.length] = name
  raw.kinds[raw.length] = (section << 1) | (type === STT_FUNC || type === STT_GNU_IFUNC ? 1 : 0)
  raw.length++
}

function lastUpTo(starts: Float64Array, address: number): number {
  let [low, high] = [0, starts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= address) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Symbols may be nested: from the last one that begins before the address back to one that ends before that one begins. */
function covering(starts: Float64Array, sizes: Uint32Array, last: number, address: number): number | null {
  const limit = starts[last] ?? 0
  for (let i = last; i >= Math.max(0, last - STEP_LIMIT); i--) {
    const end = (starts[i] ?? 0) + (sizes[i] ?? 0)
    if (address < end) return i
    if (limit > end) return null
  }
  return null
}

/** A function without a size (hand-written assembly), with nothing but labels between it and the address. */
function unsized(starts: Float64Array, sizes: Uint32Array, kinds: Uint8Array, last: number): number | null {
  let found: number | null = null
  for (let i = last; i >= Math.max(0, last - STEP_LIMIT) && sizes[i] === 0; i--) {
    if (found !== null && starts[i] !== starts[found]) break
    if (((kinds[i] ?? 0) & 1) === 1) found ??= i
  }
  return found
}

function readName(readAt: ReadAt, { fileOffset, fileBytes }: SymbolSection['names'], at: number): string | null {
  const bytes = readAt(fileOffset + at, Math.min(NAME_BYTES, fileBytes - at))
  const end = bytes.indexOf(0)
  const name = bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
  return name === '' ? null : name
}

/** Names of more bytes are not looked through: of a large static program they have a tenth of that. */
const NAMES_LOOKED_THROUGH = 16 * 1024 * 1024

/** Where in the names of a section one stands, also as the end of a longer one: linkers let them share their bytes. */
function placesOf(name: string, readAt: ReadAt, { fileOffset, fileBytes }: SymbolSection['names']): Set<number> {
  const found = new Set<number>()
  if (fileBytes > NAMES_LOOKED_THROUGH) return found
  const bytes = readAt(fileOffset, fileBytes)
  const wanted = Buffer.from(`${name}\0`, 'latin1')
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found.add(at)
  return found
}
