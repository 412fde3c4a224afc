/** Looks for a text in a body that passes by in parts; keeps no more of it than the text is long. */
export interface BodySearch {
  readonly found: boolean
  feed(part: Buffer): void
}

export function createBodySearch(needle: Buffer): BodySearch {
  const overlap = needle.length - 1
  let tail = Buffer.alloc(0)
  let found = needle.length === 0
  return {
    get found() {
      return found
    },
    feed: (part) => {
      if (found) return
      found = part.includes(needle) || Buffer.concat([tail, part.subarray(0, overlap)]).includes(needle)
      if (found) return
      // The parts lie in a buffer that is used again: what is kept must be a copy.
      const kept = part.length >= overlap ? part : Buffer.concat([tail, part])
      tail = Buffer.from(kept.subarray(Math.max(0, kept.length - overlap)))
    },
  }
}
