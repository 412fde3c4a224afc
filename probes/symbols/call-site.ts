import { addressOf } from './elf.ts'
import type { ElfFile } from './elf-file.ts'

const EM_X86_64 = 62
/** `call rel32`: five bytes, the target relative to the instruction that follows (Intel SDM, volume 2, CALL). */
const CALL_NEAR = 0xe8
const CALL_BYTES = 5

/**
 * Virtual address of the function that a direct call calls, by the place in the file that it returns to. null when there is
 * no such call, or on another architecture. Bytes of another instruction may look like one: the caller checks that a
 * function begins there.
 */
export function directCallee({ image, readAt }: ElfFile, returnOffset: number): number | null {
  const next = addressOf(image, returnOffset - 1)
  if (image.machine !== EM_X86_64 || next === null) return null
  const bytes = readAt(returnOffset - CALL_BYTES, CALL_BYTES)
  return bytes.length === CALL_BYTES && bytes[0] === CALL_NEAR ? next + 1 + bytes.readInt32LE(1) : null
}
