import { type Budget, createBudget } from './budget.ts'
import type { NamedSection, ReadAt } from './elf.ts'
import type { ElfFile } from './elf-file.ts'
import { createByteReader } from './leb.ts'
import type { LimitName } from './limits.ts'

/**
 * What a compiler says of how the caller's frame is found (.eh_frame), at each instruction: relative to the frame pointer,
 * once the function has set it up, or to the stack pointer. A walk along frame pointers, which is all that the kernel
 * can do, misses the caller wherever the answer is "stack pointer". Nothing of the file is trusted.
 *
 * Sources: DWARF 5 section 6.4; Linux Standard Base, "Exception Frames"; System V ABI for x86-64, figure 3.36.
 */
export interface UnwindTable {
  /** @param address virtual, before relocation; null where the file says nothing */
  baseAt: (address: number) => FrameBase | null
  /** whether a function begins exactly there */
  startsAt: (address: number) => boolean
  /** whether the function at this address sets up a frame pointer; null: nothing is said of it */
  isFramedAt: (address: number) => boolean | null
  /** Share of the functions that set up a frame pointer, of some looked at; null when there are too few to say. */
  framedShare: () => number | null
}

export type FrameBase = 'frame pointer' | 'stack pointer'

const EM_X86_64 = 62
/** DWARF numbers of x86-64. On arm64 code with frame pointers is described by the stack pointer all the same. */
const STACK_POINTER = 7
const FRAME_POINTER = 6

/** null when the file has no table, or one that is written in a way no linker does. */
export function readUnwindTable(
  { image, readAt, path }: ElfFile,
  budget: Pick<Budget, 'allows'> = createBudget(),
): UnwindTable | null {
  const frames = image.named.get('.eh_frame')
  if (image.machine !== EM_X86_64 || frames === undefined) return null
  const header = image.named.get('.eh_frame_hdr')
  // Linkers make no index for static programs.
  const index = header
    ? readIndex(readAt, header)
    : makeIndex(readAt, frames, (name, amount) => budget.allows(name, amount, path))
  if (index === null) return null
  const { count, entryAt } = index
  const rowsOf = (i: number): FrameRows | null => {
    const entry = entryAt(i)
    const offset = (entry?.fde ?? -1) - frames.address
    if (entry === null || offset < 0 || offset >= frames.fileBytes) return null
    return readRows(readAt, frames.fileOffset + offset, frames.fileOffset, entry.start)
  }
  const indexOf = (address: number) => lastUpTo(count, (i) => entryAt(i)?.start ?? Number.POSITIVE_INFINITY, address)
  return {
    startsAt: (address) => entryAt(indexOf(address))?.start === address,
    baseAt: (address) => {
      const found = indexOf(address)
      const rows = rowsOf(found)
      if (rows === null || address >= rows.end) return null
      const register = rows.registerAt(address)
      if (register === FRAME_POINTER) return 'frame pointer'
      return register === STACK_POINTER ? 'stack pointer' : null
    },
    isFramedAt: (address) => {
      const rows = rowsOf(indexOf(address))
      return rows === null || address >= rows.end ? null : rows.usesFramePointer()
    },
    framedShare: () => {
      const looked = Math.min(count, LOOKED_AT)
      let [functions, framed] = [0, 0]
      for (let n = 0; n < looked; n++) {
        const rows = rowsOf(Math.floor((n * count) / looked))
        // Parts that a function was split into, and stubs, have no frame of their own.
        if (rows === null || rows.end - rows.start < SMALL_FUNCTION) continue
        functions++
        if (rows.usesFramePointer()) framed++
      }
      return functions < FEWEST ? null : framed / functions
    },
  }
}

/** The functions of a file that are described, ascending: where each begins, and the address of its description. */
interface Index {
  count: number
  entryAt: (i: number) => { start: number; fde: number } | null
}

function readIndex(readAt: ReadAt, section: NamedSection): Index | null {
  const header = readAt(section.fileOffset, 12)
  // Version 1; the count as udata4; the table as sdata4 relative to the header.
  if (header.length < 12 || header[0] !== 1 || header[2] !== 0x03 || header[3] !== 0x3b) return null
  return {
    count: Math.min(header.readUInt32LE(8), Math.floor((section.fileBytes - 12) / 8)),
    entryAt: (i) => {
      const bytes = i < 0 ? null : readAt(section.fileOffset + 12 + i * 8, 8)
      if (bytes === null || bytes.length < 8) return null
      return { start: section.address + bytes.readInt32LE(0), fde: section.address + bytes.readInt32LE(4) }
    },
  }
}

/** pcrel | sdata4: what compilers write */
const RELATIVE = 0x1b

/** One pass over the bytes, read once: what describes no function is passed over, what is past the limit left out. */
function makeIndex(
  readAt: ReadAt,
  section: NamedSection,
  allows: (name: LimitName, amount: number) => boolean,
): Index | null {
  if (!allows('ehFrameBytes', section.fileBytes)) return null
  const bytes = readAt(section.fileOffset, section.fileBytes)
  const encodings = new Map<number, number | null>()
  /** Of a common entry, looked at when the first that refers to it comes. */
  const encodingOf = (at: number): number | null => {
    const known = encodings.get(at)
    if (known !== undefined) return known
    const encoding = readCommon(entryIn(bytes, at))?.pointerEncoding ?? null
    encodings.set(at, encoding)
    return encoding
  }
  const found: { start: number; fde: number }[] = []
  for (let at = 0, n = 0; at + 12 <= bytes.length; n++) {
    if (!allows('ehFrameEntries', n)) break
    const length = bytes.readUInt32LE(at)
    if (length < 4 || length === 0xffff_ffff) break
    const distance = bytes.readUInt32LE(at + 4)
    const common = at + 4 - distance
    if (distance !== 0 && encodingOf(common) === RELATIVE)
      found.push({ start: section.address + at + 8 + bytes.readInt32LE(at + 8), fde: section.address + at })
    at += 4 + length
  }
  found.sort((a, b) => a.start - b.start)
  return { count: found.length, entryAt: (i) => found[i] ?? null }
}

function entryIn(bytes: Buffer, at: number): Entry | null {
  if (at < 0) return null
  const length = bytes.readUInt32LE(at)
  if (length > ENTRY_LIMIT || at + 4 + length > bytes.length) return null
  return { id: bytes.readUInt32LE(at + 4), body: bytes.subarray(at + 8, at + 4 + length) }
}

/** Functions looked at to say how a file was built, spread over it. */
const LOOKED_AT = 64
const FEWEST = 8
const SMALL_FUNCTION = 48

function lastUpTo(count: number, startOf: (index: number) => number, address: number): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >> 1
    if (startOf(middle) <= address) low = middle + 1
    else high = middle
  }
  return low - 1
}

interface FrameRows {
  start: number
  end: number
  /** DWARF number of the register that the caller's frame is found by; null: by an expression */
  registerAt: (address: number) => number | null
  usesFramePointer: () => boolean
}

/** Entries are some ten bytes; a function with a thousand of stack changes has some thousand. */
const ENTRY_LIMIT = 64 * 1024

/** Reads a frame description entry, and the common entry it refers to. */
function readRows(readAt: ReadAt, at: number, sectionStart: number, start: number): FrameRows | null {
  const fde = readEntry(readAt, at)
  if (fde === null || fde.id === 0) return null
  // The distance counts from the field itself.
  const cieAt = at + 4 - fde.id
  const cie = cieAt < sectionStart ? null : readCommon(readEntry(readAt, cieAt))
  if (cie === null) return null
  const reader = createByteReader(fde.body)
  const width = pointerBytes(cie.pointerEncoding)
  if (width === null) return null
  reader.skip(width)
  const range = reader.unsigned(width)
  if (cie.hasAugmentation) reader.skip(reader.uleb())
  const program = fde.body.subarray(reader.at())
  const end = start + range
  const registerAt = (address: number): number | null => {
    const state: State = { register: null, saved: [], pc: start }
    if (!run(cie.program, cie, state, Number.POSITIVE_INFINITY)) return null
    return run(program, cie, state, address) ? state.register : null
  }
  return {
    start,
    end,
    registerAt,
    usesFramePointer: () => {
      const state: State = { register: null, saved: [], pc: start, seen: new Set() }
      run(program, cie, state, Number.POSITIVE_INFINITY)
      return state.seen?.has(FRAME_POINTER) ?? false
    },
  }
}

interface Entry {
  id: number
  body: Buffer
}

function readEntry(readAt: ReadAt, at: number): Entry | null {
  const head = readAt(at, 8)
  if (head.length < 8) return null
  const length = head.readUInt32LE(0)
  // 0 ends the section; 0xffffffff would introduce a length of 64 bits.
  if (length < 4 || length > ENTRY_LIMIT) return null
  const body = readAt(at + 8, length - 4)
  return body.length < length - 4 ? null : { id: head.readUInt32LE(4), body }
}

interface Common {
  codeAlignment: number
  pointerEncoding: number
  hasAugmentation: boolean
  program: Buffer
}

function readCommon(entry: Entry | null): Common | null {
  if (entry === null || entry.id !== 0) return null
  const reader = createByteReader(entry.body)
  const version = reader.unsigned(1)
  const augmentation = reader.text()
  if ((version !== 1 && version !== 3) || !/^(z[RPLSB]*)?$/.test(augmentation)) return null
  const codeAlignment = reader.uleb()
  reader.uleb() // of data: signed, as long
  if (version === 1) reader.skip(1)
  else reader.uleb()
  let pointerEncoding = 0
  const hasAugmentation = augmentation.startsWith('z')
  if (hasAugmentation) {
    const bytes = reader.uleb()
    const after = reader.at() + bytes
    for (const letter of augmentation.slice(1)) {
      if (letter === 'R') pointerEncoding = reader.unsigned(1)
      else if (letter === 'L') reader.skip(1)
      else if (letter === 'P') {
        const width = pointerBytes(reader.unsigned(1))
        if (width === null) return null
        reader.skip(width)
      }
    }
    reader.skip(after - reader.at())
  }
  return { codeAlignment, pointerEncoding, hasAugmentation, program: entry.body.subarray(reader.at()) }
}

/** Bytes of a pointer, by the format in the low half of its encoding; null for formats that only hand-written files have. */
function pointerBytes(encoding: number): number | null {
  const format = encoding & 0x0f
  if (format === 0x00 || format === 0x04 || format === 0x0c) return 8
  return format === 0x03 || format === 0x0b ? 4 : null
}

interface State {
  register: number | null
  /** registers of remembered rows */
  saved: (number | null)[]
  pc: number
  /** every register that was in force */
  seen?: Set<number>
}

/** Runs call frame instructions up to the row of an address; false when one is unknown. */
function run(program: Buffer, { codeAlignment }: Common, state: State, address: number): boolean {
  const reader = createByteReader(program)
  const advance = (delta: number): boolean => {
    state.pc += delta * codeAlignment
    return state.pc > address
  }
  const set = (register: number | null) => {
    state.register = register
    if (register !== null) state.seen?.add(register)
  }
  while (reader.left() > 0) {
    const op = reader.unsigned(1)
    const operand = op & 0x3f
    switch (op & 0xc0 || op) {
      case 0x40: // advance_loc
        if (advance(operand)) return true
        break
      case 0x02: // advance_loc1
        if (advance(reader.unsigned(1))) return true
        break
      case 0x03: // advance_loc2
        if (advance(reader.unsigned(2))) return true
        break
      case 0x04: // advance_loc4
        if (advance(reader.unsigned(4))) return true
        break
      case 0x0a: // remember_state
        state.saved.push(state.register)
        break
      case 0x0b: // restore_state
        set(state.saved.pop() ?? null)
        break
      case 0x0c: // def_cfa
      case 0x12: // def_cfa_sf
        set(reader.uleb())
        reader.uleb()
        break
      case 0x0d: // def_cfa_register
        set(reader.uleb())
        break
      case 0x0f: // def_cfa_expression
        reader.skip(reader.uleb())
        set(null)
        break
      case 0x10: // expression
      case 0x16: // val_expression
        reader.uleb()
        reader.skip(reader.uleb())
        break
      case 0x05: // offset_extended
      case 0x09: // register
      case 0x11: // offset_extended_sf
      case 0x14: // val_offset
      case 0x15: // val_offset_sf
      case 0x2f: // GNU_negative_offset_extended
        reader.uleb()
        reader.uleb()
        break
      case 0x80: // offset
      case 0x06: // restore_extended
      case 0x07: // undefined
      case 0x08: // same_value
      case 0x0e: // def_cfa_offset
      case 0x13: // def_cfa_offset_sf
      case 0x2e: // GNU_args_size
        reader.uleb()
        break
      case 0xc0: // restore
      case 0x00: // nop
        break
      default:
        return false
    }
  }
  return true
}
