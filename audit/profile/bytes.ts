/** A map from byte strings to numbers, for text that is counted before it is worth decoding. Keys are copied in. */
export interface ByteTable {
  /** The value of `bytes[start, end)`, -1 when absent. `hash` is the caller's, of the same bytes. */
  get(bytes: Buffer, start: number, end: number, hash: number): number
  /** Adds an absent key; false, and nothing added, when `maxBytes` of keys are already held. */
  set(bytes: Buffer, start: number, end: number, hash: number, value: number): boolean
}

export function createByteTable(maxBytes: number): ByteTable {
  let arena = Buffer.allocUnsafe(1 << 16)
  let used = 0
  let entries = 0
  let capacity = 1024
  let starts = new Int32Array(capacity)
  let ends = new Int32Array(capacity)
  let hashes = new Int32Array(capacity)
  let values = new Int32Array(capacity)
  // Open addressing over entry number + 1, at most half full; 0 is an empty slot.
  let slots = new Int32Array(capacity * 2)

  function get(bytes: Buffer, start: number, end: number, hash: number): number {
    const mask = slots.length - 1
    let slot = hash & mask
    for (let entry = slots[slot] ?? 0; entry > 0; entry = slots[slot] ?? 0) {
      const from = starts[entry - 1] ?? 0
      const to = ends[entry - 1] ?? 0
      if (hashes[entry - 1] === hash && to - from === end - start && equal(bytes, start, end, from, to))
        return values[entry - 1] ?? -1
      slot = (slot + 1) & mask
    }
    return -1
  }

  function equal(bytes: Buffer, start: number, end: number, from: number, to: number): boolean {
    // The native comparison costs about 100 ns before its first byte.
    if (end - start > 96) return bytes.compare(arena, from, to, start, end) === 0
    for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== arena[j]) return false
    return true
  }

  function set(bytes: Buffer, start: number, end: number, hash: number, value: number): boolean {
    const length = end - start
    if (used + length > maxBytes) return false
    if (used + length > arena.length) {
      const wide = Buffer.allocUnsafe(Math.max(arena.length * 2, used + length))
      arena.copy(wide, 0, 0, used)
      arena = wide
    }
    if (entries === capacity) widen()
    bytes.copy(arena, used, start, end)
    starts[entries] = used
    used += length
    ends[entries] = used
    hashes[entries] = hash
    values[entries] = value
    entries++
    place(entries)
    return true
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
    starts = wider(starts)
    ends = wider(ends)
    hashes = wider(hashes)
    values = wider(values)
    slots = new Int32Array(capacity * 2)
    for (let entry = 1; entry <= entries; entry++) place(entry)
  }

  return { get, set }
}
