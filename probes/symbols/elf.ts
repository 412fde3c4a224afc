import { LIMITS } from './limits.ts'

/** Reads up to `length` bytes at `offset`: fewer, or none, where the file ends or cannot be read. Never throws. */
export type ReadAt = (offset: number, length: number) => Buffer

/** A part of the file as it is mapped (PT_LOAD). Virtual addresses are those before relocation. */
export interface Segment {
  fileOffset: number
  fileBytes: number
  address: number
  /** in memory: what lies beyond the file's bytes is zero at first (.bss) */
  memoryBytes: number
  isWritable: boolean
}

/** Where a symbol table lies in the file, and its names. */
export interface SymbolSection {
  /** .dynsym: what it imports and exports, no more */
  isDynamic: boolean
  fileOffset: number
  fileBytes: number
  names: { fileOffset: number; fileBytes: number }
}

/** A section by its name. */
export interface NamedSection {
  fileOffset: number
  fileBytes: number
  /** virtual, before relocation */
  address: number
}

/** What naming addresses needs of an ELF file; nothing of it is trusted. */
export interface ElfImage {
  /** e_machine: 62 is x86-64 */
  machine: number
  segments: readonly Segment[]
  /** sections with code, by virtual address */
  code: readonly { start: number; end: number }[]
  /** .symtab and .dynsym, in the order of the section headers */
  symbolSections: readonly SymbolSection[]
  /** those of WANTED_SECTIONS that it has, with contents in the file */
  named: ReadonlyMap<string, NamedSection>
  /** lower-case hex */
  buildId: string | null
}

const WANTED_SECTIONS = new Set(['.gnu_debugdata', '.gnu_debuglink', '.eh_frame', '.eh_frame_hdr', '.gopclntab'])

/** Bytes of one entry, ELF-64 Object File Format: Elf64_Phdr, Elf64_Shdr. */
const PROGRAM_HEADER = 56
const SECTION_HEADER = 64
const PT_LOAD = 1
const PT_NOTE = 4
const PF_W = 2
const SHT_SYMTAB = 2
const SHT_NOBITS = 8
const SHT_DYNSYM = 11
const SHF_EXECINSTR = 4n

/** Reads the headers of an ELF64 little-endian file; null when it is none. Headers that point outside the file are left out. */
export function readElf(readAt: ReadAt): ElfImage | null {
  const header = readAt(0, 64)
  // \x7fELF, 64 bits, little-endian
  if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return null
  const programs = readTable(readAt, u64(header, 32), header.readUInt16LE(56), PROGRAM_HEADER, header.readUInt16LE(54))
  const sections = readTable(readAt, u64(header, 40), header.readUInt16LE(60), SECTION_HEADER, header.readUInt16LE(58))
  const segments = programs.flatMap((entry) => (entry.readUInt32LE(0) === PT_LOAD ? [segmentOf(entry)] : []))
  const notes = programs
    .filter((entry) => entry.readUInt32LE(0) === PT_NOTE)
    .slice(0, LIMITS.noteSegments)
    .map(segmentOf)
  return {
    machine: header.readUInt16LE(18),
    segments: segments.filter(isSound),
    code: sections
      .filter((entry) => (entry.readBigUInt64LE(8) & SHF_EXECINSTR) !== 0n)
      .map((entry) => ({ start: u64(entry, 16), end: u64(entry, 16) + u64(entry, 32) })),
    symbolSections: sections.flatMap((entry) => symbolSectionOf(entry, sections)),
    named: namedSections(readAt, sections, sections[header.readUInt16LE(62)]),
    buildId: notes.map((note) => findBuildId(readAt, note)).find((id) => id !== null) ?? null,
  }
}

/** The virtual address at which a byte of the file is found; null when it is not mapped. */
export function addressOf(image: ElfImage, fileOffset: number): number | null {
  for (const segment of image.segments)
    if (fileOffset >= segment.fileOffset && fileOffset < segment.fileOffset + segment.fileBytes)
      return fileOffset - segment.fileOffset + segment.address
  return null
}

function readTable(readAt: ReadAt, offset: number, count: number, entryBytes: number, statedBytes: number): Buffer[] {
  if (statedBytes !== entryBytes || !Number.isSafeInteger(offset)) return []
  const wanted = Math.min(count, LIMITS.elfHeaders)
  const bytes = readAt(offset, wanted * entryBytes)
  return Array.from({ length: Math.floor(bytes.length / entryBytes) }, (_, i) =>
    bytes.subarray(i * entryBytes, (i + 1) * entryBytes),
  )
}

const segmentOf = (entry: Buffer): Segment => ({
  fileOffset: u64(entry, 8),
  fileBytes: u64(entry, 32),
  address: u64(entry, 16),
  memoryBytes: u64(entry, 40),
  isWritable: (entry.readUInt32LE(4) & PF_W) !== 0,
})

const isSound = (segment: Segment): boolean =>
  Number.isSafeInteger(segment.fileOffset + segment.fileBytes) && Number.isSafeInteger(segment.address)

function symbolSectionOf(entry: Buffer, sections: readonly Buffer[]): SymbolSection[] {
  const type = entry.readUInt32LE(4)
  const strings = sections[entry.readUInt32LE(40)]
  if ((type !== SHT_SYMTAB && type !== SHT_DYNSYM) || strings === undefined) return []
  const section = { isDynamic: type === SHT_DYNSYM, ...extentOf(entry), names: extentOf(strings) }
  const ends = [section.fileOffset + section.fileBytes, section.names.fileOffset + section.names.fileBytes]
  return ends.every(Number.isSafeInteger) ? [section] : []
}

const extentOf = (entry: Buffer) => ({ fileOffset: u64(entry, 24), fileBytes: u64(entry, 32) })

/** All section names of a file are some hundred bytes. */
const SECTION_NAMES_LIMIT = 64 * 1024

function namedSections(
  readAt: ReadAt,
  sections: readonly Buffer[],
  strings: Buffer | undefined,
): Map<string, NamedSection> {
  const found = new Map<string, NamedSection>()
  if (strings === undefined) return found
  const { fileOffset, fileBytes } = extentOf(strings)
  const names = readAt(fileOffset, Math.min(fileBytes, SECTION_NAMES_LIMIT))
  for (const entry of sections) {
    const at = entry.readUInt32LE(0)
    const end = names.indexOf(0, at)
    const name = end < 0 ? '' : names.toString('latin1', at, end)
    const section = { ...extentOf(entry), address: u64(entry, 16) }
    // Separate debug files keep the headers of sections that they have no contents of.
    if (!WANTED_SECTIONS.has(name) || entry.readUInt32LE(4) === SHT_NOBITS) continue
    if (Number.isSafeInteger(section.fileOffset + section.fileBytes) && Number.isSafeInteger(section.address))
      found.set(name, section)
  }
  return found
}

const NT_GNU_BUILD_ID = 3

function findBuildId(readAt: ReadAt, { fileOffset, fileBytes }: Segment): string | null {
  if (!Number.isSafeInteger(fileOffset)) return null
  const notes = readAt(fileOffset, Math.min(fileBytes, LIMITS.noteBytes))
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameBytes = notes.readUInt32LE(at)
    const bytes = notes.readUInt32LE(at + 4)
    const start = at + 12 + aligned(nameBytes)
    const isBuildId = notes.readUInt32LE(at + 8) === NT_GNU_BUILD_ID && nameBytes === 4
    if (isBuildId && notes.toString('latin1', at + 12, at + 15) === 'GNU' && bytes >= 8 && bytes <= 64)
      return start + bytes <= notes.length ? notes.toString('hex', start, start + bytes) : null
    at = start + aligned(bytes)
  }
  return null
}

const aligned = (bytes: number): number => Math.ceil(bytes / 4) * 4

/** Beyond 2^53 the value is inexact and not a safe integer: callers check. */
const u64 = (bytes: Buffer, at: number): number => bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
