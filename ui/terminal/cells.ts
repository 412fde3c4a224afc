import type { Target } from './target.ts'

/**
 * A grid of character cells and the writer that brings a terminal from one grid to the next. Pure: the writer returns
 * the bytes, it does not send them. Styles are numbers (see palette.ts); what they look like is decided when written.
 */
export interface Cells {
  readonly width: number
  readonly height: number
  /** code points, row by row */
  readonly code: Uint32Array
  readonly style: Uint32Array
}

export interface Rect {
  x: number
  y: number
  width: number
  height: number
}

/** A part of a grid that answers the pointer, and what it stands for. */
export interface Spot {
  rect: Rect
  target: Target
}

/** Writes inside one rectangle of a grid, in the rectangle's own coordinates; whatever lies outside is dropped. */
export interface Brush {
  readonly width: number
  readonly height: number
  /** Writes text at a place; returns the column after its last glyph. */
  text: (x: number, y: number, text: string, style?: number) => number
  /** Fills part of a row with one glyph. */
  fill: (x: number, y: number, width: number, glyph: string, style?: number) => void
  /** Says what a part of this rectangle stands for, to who asks what is under the pointer; later spots lie on top. */
  spot: (rect: Rect, target: Target) => void
  /** A brush for a part of this rectangle. */
  part: (rect: Rect) => Brush
}

const SPACE = 0x20
/** No glyph has this code point: the cell is drawn whatever comes next. */
const UNSEEN = 0xffffffff

export function createCells(width: number, height: number): Cells {
  const size = Math.max(0, width) * Math.max(0, height)
  return {
    width: Math.max(0, width),
    height: Math.max(0, height),
    code: new Uint32Array(size).fill(SPACE),
    style: new Uint32Array(size),
  }
}

export function clearCells(cells: Cells): void {
  cells.code.fill(SPACE)
  cells.style.fill(0)
}

/** Forgets what the terminal shows, so that the next diff draws every cell. */
export function forgetCells(cells: Cells): void {
  cells.code.fill(UNSEEN)
}

export function brush(
  cells: Cells,
  rect: Rect = { x: 0, y: 0, width: cells.width, height: cells.height },
  spots?: Spot[],
): Brush {
  const left = Math.max(0, rect.x)
  const top = Math.max(0, rect.y)
  const width = Math.max(0, Math.min(rect.x + rect.width, cells.width) - left)
  const height = Math.max(0, Math.min(rect.y + rect.height, cells.height) - top)
  const put = (x: number, y: number, code: number, style: number) => {
    if (x < 0 || y < 0 || x >= width || y >= height) return
    const at = (top + y) * cells.width + left + x
    cells.code[at] = code
    cells.style[at] = style
  }
  const within = (inner: Rect): Rect => {
    const x = Math.max(0, inner.x)
    const y = Math.max(0, inner.y)
    return {
      x: left + x,
      y: top + y,
      width: Math.min(inner.x + inner.width, width) - x,
      height: Math.min(inner.y + inner.height, height) - y,
    }
  }
  return {
    width,
    height,
    text: (x, y, text, style = 0) => {
      for (const glyph of text) put(x++, y, oneColumn(glyph.codePointAt(0) ?? SPACE), style)
      return x
    },
    fill: (x, y, length, glyph, style = 0) => {
      const code = oneColumn(glyph.codePointAt(0) ?? SPACE)
      for (let i = Math.max(0, x); i < Math.min(width, x + length); i++) put(i, y, code, style)
    },
    spot: (inner, target) => {
      spots?.push({ rect: within(inner), target })
    },
    part: (inner) => brush(cells, within(inner), spots),
  }
}

// Scripts and symbols that every terminal shows in exactly one column and from left to right. Of the others terminals
// disagree on the width; one wrong guess shifts the rest of the row, so a placeholder stands for them.
const oneColumnRanges: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0xa1, 0xac],
  [0xae, 0x2ff],
  [0x370, 0x482],
  [0x48a, 0x58f],
  [0x2010, 0x2027],
  [0x2030, 0x205e],
  [0x2070, 0x20cf],
  [0x2100, 0x214f],
  [0x2190, 0x22ff],
  [0x2500, 0x25ef],
  [0x2800, 0x28ff],
]

function oneColumn(code: number): number {
  for (const [low, high] of oneColumnRanges) if (code <= high) return code >= low ? code : 0x00b7
  return 0x00b7
}

/**
 * The bytes that turn the terminal's `shown` into `next`, rows `fromRow` up to `toRow` (exclusive), and makes `shown`
 * equal to `next` there. Empty when nothing changed. Row 0 is the terminal's first row. The cursor is put back.
 */
export function diffCells(
  shown: Cells,
  next: Cells,
  fromRow: number,
  toRow: number,
  sgr: (style: number) => string,
): string {
  const { width } = next
  let out = ''
  let style = -1
  for (let y = fromRow; y < Math.min(toRow, next.height, shown.height); y++) {
    const row = y * width
    let cursor = -1
    for (let x = 0; x < width; x++) {
      const at = row + x
      const code = next.code[at] ?? SPACE
      const wanted = next.style[at] ?? 0
      if (shown.code[at] === code && shown.style[at] === wanted) continue
      if (cursor !== x)
        out +=
          cursor >= 0 && x - cursor < 5 && unchanged(next, row + cursor, at, style)
            ? glyphs(next, row + cursor, at)
            : `\x1b[${y + 1};${x + 1}H`
      if (wanted !== style) {
        out += sgr(wanted)
        style = wanted
      }
      out += String.fromCodePoint(code)
      shown.code[at] = code
      shown.style[at] = wanted
      cursor = x + 1
    }
  }
  return out === '' ? '' : `\x1b7${out}\x1b[0m\x1b8`
}

// A short gap in the current style is cheaper to repeat than to jump over.
function unchanged(next: Cells, from: number, to: number, style: number): boolean {
  for (let at = from; at < to; at++) if (next.style[at] !== style) return false
  return true
}

function glyphs(next: Cells, from: number, to: number): string {
  let out = ''
  for (let at = from; at < to; at++) out += String.fromCodePoint(next.code[at] ?? SPACE)
  return out
}

/** One row as a string with its styles, trailing blanks dropped: for text that another writer places. */
export function rowText(cells: Cells, y: number, sgr: (style: number) => string): string {
  const row = y * cells.width
  let end = cells.width
  while (end > 0 && cells.code[row + end - 1] === SPACE && cells.style[row + end - 1] === 0) end--
  let out = ''
  let style = 0
  for (let at = row; at < row + end; at++) {
    const wanted = cells.style[at] ?? 0
    if (wanted !== style) {
      out += sgr(wanted)
      style = wanted
    }
    out += String.fromCodePoint(cells.code[at] ?? SPACE)
  }
  return style === 0 ? out : `${out}\x1b[0m`
}
