/** A map from byte strings to numbers, for text that is counted before it is worth decoding. Keys are copied in. */
export interface ByteTable {
  /** The value of `bytes[start, end)`, -1 when absent. `hash` is the caller's, of the same bytes. */
  get(bytes: Buffer, start: number, end: number, hash: number): number
  /** Adds an absent key; false, and nothing added, when it is too long or `maxBytes` of keys are already held. */
  set(bytes: Buffer, start: number, end: number, hash: number, value: number): boolean
}

const PIECE_BYTES = 1 << 20

export function createByteTable(maxBytes: number): ByteTable {
  // Pieces instead of one growing buffer: growing would hold the keys twice. A key lies within one piece.
  const pieces: Buffer[] = []
  let usedOfLast = PIECE_BYTES
  let entries = 0
  let capacity = 1024
  let pieceOf = new Int32Array(capacity)
  let offsets = new Int32Array(capacity)
  let lengths = new Int32Array(capacity)
  let hashes = new Int32Array(capacity)
  let values = new Int32Array(capacity)
  // Open addressing over entry number + 1, at most half full; 0 is an empty slot.
  let slots = new Int32Array(capacity * 2)

  function get(bytes: Buffer, start: number, end: number, hash: number): number {
    const mask = slots.length - 1
    let slot = hash & mask
    for (let entry = slots[slot] ?? 0; entry > 0; entry = slots[slot] ?? 0) {
      const index = entry - 1
      if (hashes[index] === hash && lengths[index] === end - start && equal(bytes, start, end, index))
        return values[index] ?? -1
      slot = (slot + 1) & mask
    }
    return -1
  }

  function equal(bytes: Buffer, start: number, end: number, index: number): boolean {
    const piece = pieces[pieceOf[index] ?? 0]
    const offset = offsets[index] ?? 0
    if (!piece) return false
    // The native comparison costs about 100 ns before its first byte.
    if (end - start > 96) return bytes.compare(piece, offset, offset + end - start, start, end) === 0
    for (let i = start, j = offset; i < end; i++, j++) if (bytes[i] !== piece[j]) return false
    return true
  }

  function set(bytes: Buffer, start: number, end: number, hash: number, value: number): boolean {
    const piece = pieceWithRoom(end - start)
    if (!piece) return false
    if (entries === capacity) widen()
    bytes.copy(piece, usedOfLast, start, end)
    pieceOf[entries] = pieces.length - 1
    offsets[entries] = usedOfLast
    lengths[entries] = end - start
    hashes[entries] = hash
    values[entries] = value
    usedOfLast += end - start
    entries++
    place(entries)
    return true
  }

  function pieceWithRoom(length: number): Buffer | undefined {
    if (usedOfLast + length <= PIECE_BYTES) return pieces.at(-1)
    if (length > PIECE_BYTES || (pieces.length + 1) * PIECE_BYTES > maxBytes) return undefined
    usedOfLast = 0
    pieces.push(Buffer.allocUnsafeSlow(PIECE_BYTES))
    return pieces.at(-1)
  }

  function place(entry: number): void {
    const mask = slots.length - 1
    let slot = (hashes[entry - 1] ?? 0) & mask
    while (slots[slot]) slot = (slot + 1) & mask
    slots[slot] = entry
  }

  function widen(): void {
    capacity *= 2
    const wider = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const wide = new Int32Array(capacity)
      wide.set(old)
      return wide
    }
    pieceOf = wider(pieceOf)
    offsets = wider(offsets)
    lengths = wider(lengths)
    hashes = wider(hashes)
    values = wider(values)
    slots = new Int32Array(capacity * 2)
    for (let entry = 1; entry <= entries; entry++) place(entry)
  }

  return { get, set }
}
