/** Reads numbers one after the other; beyond the end everything is 0, and nothing throws. */
export interface ByteReader {
  at: () => number
  left: () => number
  skip: (bytes: number) => void
  /** little-endian, of 1, 2, 4 or 8 bytes */
  unsigned: (bytes: number) => number
  /** LEB128 (DWARF 5, section 7.6), signed ones as if unsigned; what does not fit is inexact */
  uleb: () => number
  /** up to a zero byte */
  text: () => string
}

export function createByteReader(bytes: Buffer): ByteReader {
  let at = 0
  const byte = (): number => (at < bytes.length ? (bytes[at++] ?? 0) : 0)
  return {
    at: () => at,
    left: () => bytes.length - at,
    skip: (count) => {
      at = Math.min(bytes.length, at + Math.max(0, count))
    },
    unsigned: (count) => {
      let value = 0
      for (let i = 0; i < count; i++) value += byte() * 2 ** (8 * i)
      return value
    },
    uleb: () => {
      let [value, factor] = [0, 1]
      while (at < bytes.length) {
        const next = byte()
        value += (next & 0x7f) * factor
        if (next < 0x80) break
        factor *= 128
      }
      return value
    },
    text: () => {
      const end = bytes.indexOf(0, at)
      const text = bytes.toString('latin1', at, end < 0 ? bytes.length : end)
      at = end < 0 ? bytes.length : end + 1
      return text
    },
  }
}
