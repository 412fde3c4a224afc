/** An ELF file made by hand, with sections and segments that no linker writes. */
export interface MadeElf {
  sections?: readonly {
    name: string
    type?: number
    address?: number
    bytes?: Buffer
    at?: number
    size?: number
    link?: number
  }[]
  segments?: readonly { type: number; offset: number; size: number }[]
}

export const PT_LOAD = 1
export const PT_NOTE = 4

const PROGRAM_HEADER = 56
const SECTION_HEADER = 64
const SHT_STRTAB = 3

export function makeElf({ sections = [], segments = [] }: MadeElf): Buffer {
  let at = 64 + PROGRAM_HEADER * segments.length
  const names = Buffer.from(`\0${[...sections.map(({ name }) => name), '.shstrtab'].join('\0')}\0`)
  const contents: Buffer[] = []
  const place = (bytes: Buffer) => {
    const offset = at
    contents.push(bytes)
    at += bytes.length
    return { offset, size: bytes.length }
  }
  const placed = sections.map(({ bytes, at: offset = 0, size = 0 }) => (bytes ? place(bytes) : { offset, size }))
  const strings = place(names)
  const headers = [
    Buffer.alloc(SECTION_HEADER),
    ...sections.map(({ name, type = 1, address = 0, link = 0 }, i) =>
      sectionHeader(names.indexOf(`\0${name}\0`) + 1, type, address, placed[i] ?? strings, link),
    ),
    sectionHeader(names.indexOf('\0.shstrtab\0') + 1, SHT_STRTAB, 0, strings, 0),
  ]
  const header = Buffer.alloc(64)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  header.writeUInt16LE(3, 16) // ET_DYN
  header.writeUInt16LE(62, 18) // EM_X86_64
  header.writeBigUInt64LE(64n, 32)
  header.writeBigUInt64LE(BigInt(at), 40)
  header.writeUInt16LE(PROGRAM_HEADER, 54)
  header.writeUInt16LE(segments.length, 56)
  header.writeUInt16LE(SECTION_HEADER, 58)
  header.writeUInt16LE(headers.length, 60)
  header.writeUInt16LE(headers.length - 1, 62)
  return Buffer.concat([header, ...segments.map(programHeader), ...contents, ...headers])
}

function programHeader({ type, offset, size }: { type: number; offset: number; size: number }): Buffer {
  const header = Buffer.alloc(PROGRAM_HEADER)
  header.writeUInt32LE(type, 0)
  header.writeUInt32LE(5, 4)
  header.writeBigUInt64LE(BigInt(offset), 8)
  for (const field of [32, 40]) header.writeBigUInt64LE(BigInt(size), field)
  return header
}

function sectionHeader(
  name: number,
  type: number,
  address: number,
  { offset, size }: { offset: number; size: number },
  link: number,
): Buffer {
  const header = Buffer.alloc(SECTION_HEADER)
  header.writeUInt32LE(name, 0)
  header.writeUInt32LE(type, 4)
  header.writeBigUInt64LE(BigInt(address), 16)
  header.writeBigUInt64LE(BigInt(offset), 24)
  header.writeBigUInt64LE(BigInt(size), 32)
  header.writeUInt32LE(link, 40)
  return header
}
