import { sanitizeText } from '../../probes/index.ts'
import { LIMITS, limitText } from '../limits.ts'
import { createReadProfile, type ProfileBuilder } from './build.ts'
import { createByteTable } from './bytes.ts'
import { ProfileError } from './error.ts'
import { nodeName, UNKNOWN_FRAME } from './frame.ts'
import type { Profile } from './profile.ts'
import type { ByteSource } from './source.ts'
import { columnOf } from './totals.ts'

/**
 * Folded stacks, the interchange format of flame graph tools: one stack a line, frames root first, separated by `;`,
 * then a space and a number: `main;handle;read_[k] 42`. Equal lines add.
 */
export interface FoldedRead {
  profile: ProfileBuilder
  /** stacks read */
  lines: number
  /** lines that are not a stack and a number; blank lines are neither */
  skipped: number
}

export interface FoldedOptions {
  /** key of the column that is filled, by default `all` */
  column?: string
  unit?: Profile['unit']
  /** add to this profile instead of a new one, e.g. a second file as a second column */
  into?: ProfileBuilder
}

const CHUNK_BYTES = 1 << 20
/** Whole lines remembered to count repeats without reading them again: bounds memory, not what can be read. */
const LINE_CACHE_BYTES = 32 << 20
/** After the first lines, more are remembered only while at least one in so many repeats: most files say each stack once. */
const FIRST_LINES = 4096
const WORTH_ONE_IN = 16

/**
 * Reads an open file, or a pipe, to its end. Memory goes by the tree, not by the file: 40 to 80 bytes for each place in it, the names,
 * and at most 40 MB beside. Throws `not_folded` when it holds text but not one stack, `too_large` when the tree is.
 */
export async function readFolded(file: ByteSource, options: FoldedOptions = {}): Promise<FoldedRead> {
  const reader = foldedReader(options)
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let kept = 0
  // A line longer than the whole chunk is no stack: it is dropped to its end, which may never come.
  let overlong = false
  let dropped = 0
  for (;;) {
    const { bytesRead } = await file.read(chunk, kept, chunk.length - kept)
    const filled = kept + bytesRead
    const end = bytesRead === 0 ? filled : chunk.lastIndexOf(10, filled - 1) + 1
    let start = 0
    if (overlong) {
      const lineEnd = chunk.subarray(0, filled).indexOf(10)
      start = lineEnd < 0 ? filled : lineEnd + 1
      overlong = lineEnd < 0
      dropped += start
      if (dropped > LIMITS.stackLine.most)
        throw new ProfileError(
          'not_folded',
          `it goes on for more than ${limitText('stackLine')}`,
          'name a file of stacks',
        )
    }
    if (start < end) reader.lines(chunk, start, end)
    if (bytesRead === 0) return reader.result()
    const rest = Math.max(start, end)
    if (rest === 0 && filled === chunk.length) {
      reader.skip()
      overlong = true
      dropped = filled
      kept = 0
    } else {
      chunk.copyWithin(0, rest, filled)
      kept = filled - rest
    }
  }
}

/** Reads folded stacks held in memory. */
export function parseFolded(text: string | Buffer, options: FoldedOptions = {}): FoldedRead {
  const reader = foldedReader(options)
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  reader.lines(bytes, 0, bytes.length)
  return reader.result()
}

/** The stacks of a column as folded lines (without line ends), in the order of their frames' names: same profile, same lines. */
export function* foldedLines(profile: Profile, columnKey: string): Generator<string> {
  const self = columnOf(profile, columnKey, profile.self)
  if (self[0]) yield `${UNKNOWN_FRAME} ${decimal(self[0])}`
  const pending: { node: number; path: string }[] = [{ node: 0, path: '' }]
  for (let top = pending.pop(); top; top = pending.pop()) {
    const { node, path } = top
    const weight = self[node] ?? 0
    if (node > 0 && weight > 0) yield `${path} ${decimal(weight)}`
    const children: { node: number; path: string }[] = []
    for (let child = profile.firstChild[node] ?? 0; child > 0; child = profile.nextSibling[child] ?? 0) {
      // A separator inside a name would make two frames of one.
      const name = nodeName(profile, child).replaceAll(';', ':').replaceAll('\n', ' ')
      children.push({ node: child, path: node === 0 ? name : `${path};${name}` })
    }
    pending.push(...children.sort((a, b) => (a.path < b.path ? 1 : a.path > b.path ? -1 : b.node - a.node)))
  }
}

const decimal = (value: number): string => (value >= 1e21 ? BigInt(value).toString() : String(value))

function foldedReader(options: FoldedOptions) {
  const profile = options.into ?? createReadProfile(options.unit ?? 'samples')
  const column = profile.column(options.column ?? 'all')
  const nodeOfLine = createByteTable(LINE_CACHE_BYTES)
  const idOfFrame = createByteTable(Number.POSITIVE_INFINITY)
  // How many events stand behind a time is not in the format.
  const isCount = profile.unit !== 'ns'
  let lines = 0
  let repeats = 0
  let skipped = 0

  function readLines(bytes: Buffer, from: number, to: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let start = from; start < to; ) {
      const lineEnd = bytes.indexOf(10, start)
      const next = lineEnd < 0 || lineEnd >= to ? to : lineEnd
      readLine(bytes, view, start, next > start && view.getUint8(next - 1) === 13 ? next - 1 : next)
      start = next + 1
    }
  }

  function readLine(bytes: Buffer, view: DataView, start: number, end: number): void {
    if (start === end) return
    let space = end - 1
    while (space >= start && view.getUint8(space) !== 32) space--
    const value = space > start ? numberIn(bytes, view, space + 1, end) : -1
    if (value < 0 || isTooDeep(view, start, space)) {
      skipped++
      return
    }
    lines++
    const hash = hashOf(view, start, space)
    let node = nodeOfLine.get(bytes, start, space, hash)
    if (node >= 0) repeats++
    else {
      node = nodeOf(bytes, view, start, space)
      if (lines < FIRST_LINES + repeats * WORTH_ONE_IN) nodeOfLine.set(bytes, start, space, hash, node)
    }
    profile.weigh(node, column, value, isCount ? value : 0)
  }

  function nodeOf(bytes: Buffer, view: DataView, start: number, end: number): number {
    let node = 0
    let frame = start
    let hash = 0
    for (let at = start; at <= end; at++) {
      const byte = at < end ? view.getUint8(at) : 59
      if (byte !== 59) {
        hash = Math.imul(hash ^ byte, 0x01000193)
        continue
      }
      let id = idOfFrame.get(bytes, frame, at, hash)
      if (id < 0) {
        id = profile.intern(at > frame ? sanitizeText(bytes.toString('utf8', frame, at)) : UNKNOWN_FRAME)
        idOfFrame.set(bytes, frame, at, hash, id)
      }
      node = profile.child(node, id)
      frame = at + 1
      hash = 0
    }
    return node
  }

  return {
    lines: readLines,
    skip: () => skipped++,
    result(): FoldedRead {
      if (lines === 0 && skipped > 0)
        throw new ProfileError('not_folded', 'no line is a folded stack', 'expected lines like "main;handle;read 42"')
      return { profile, lines, skipped }
    },
  }
}

function isTooDeep(view: DataView, start: number, end: number): boolean {
  const { most } = LIMITS.depthOfStack
  if (end - start < most) return false
  let frames = 1
  for (let at = start; at < end; at++) if (view.getUint8(at) === 59) frames++
  return frames > most
}

function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start
  let at = start
  for (; at + 4 <= end; at += 4) hash = Math.imul((hash >>> 15) ^ hash ^ view.getInt32(at), 0x9e3779b1)
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193)
  return hash ^ (hash >>> 15)
}

/** A weight, >= 0; -1 when the text is no such number. */
function numberIn(bytes: Buffer, view: DataView, start: number, end: number): number {
  if (start >= end || end - start > 32) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = view.getUint8(at) - 48
    if (digit < 0 || digit > 9) return otherNumber(bytes.toString('latin1', start, end))
    value = value * 10 + digit
  }
  return value
}

function otherNumber(text: string): number {
  const value = /^[0-9.]+(e[+-]?[0-9]+)?$/i.test(text) ? Number(text) : -1
  return Number.isFinite(value) ? value : -1
}
