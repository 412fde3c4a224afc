/** Whole numbers 0..2^53-1 in as few bytes as they need: 7 bits a byte, the lowest first, the top bit says "more". */
export interface VarintWriter {
  write(value: number): void
  bytes(): Buffer
}

export function createVarintWriter(): VarintWriter {
  let buffer = Buffer.allocUnsafe(1 << 12)
  let used = 0
  return {
    write(value) {
      if (used + 8 > buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
      let rest = Math.min(value, Number.MAX_SAFE_INTEGER)
      // Beyond 32 bits, shifts would cut the number.
      for (; rest >= 128; rest = Math.floor(rest / 128)) buffer[used++] = (rest % 128) | 128
      buffer[used++] = rest
    },
    bytes: () => buffer.subarray(0, used),
  }
}

/** Reads `count` numbers from `start`; throws when the bytes end before. */
export function readVarints(bytes: Buffer, start: number, count: number): { values: Float64Array; next: number } {
  if (count > bytes.length - start) throw new Error('the data ends too early')
  const values = new Float64Array(count)
  let at = start
  for (let i = 0; i < count; i++) {
    let value = 0
    let unit = 1
    let byte: number
    do {
      if (at >= bytes.length) throw new Error('the data ends too early')
      byte = bytes[at++] ?? 0
      value += (byte & 127) * unit
      unit *= 128
    } while (byte & 128)
    values[i] = value
  }
  return { values, next: at }
}
