import type { Cells } from './cells.ts'

// One cell stands for one cell: where glyphs grow (bars, levels), their stand-ins get darker in the same order.
const table: readonly (readonly [glyphs: string, ascii: string])[] = [
  ['▁▂▃▄▅▆▇█', '_.-:=+*#'],
  ['▏▎▍▌▋▊▉', '...===#'],
  ['░▒▓', '.:%'],
  ['─│┊┆╎╌┄', '-|::|--'],
  ['┌┐└┘├┤┬┴┼╭╮╰╯', '+++++++++++++'],
  ['━┃╸╹╺╻╴╵╶╷', '=|-|-|-|-|'],
  ['▀▐▖▗▘▝▚▞', '"].._~%%'],
  ['↑↓←→▲▼◀▶▴▾◂▸△▽', '^v<>^v<>^v<>^v'],
  ['·•…⋯–—−‐‑', '.*..-----'],
  ['×÷±≈≤≥≠∞∆Δ', 'x/~~<>!8dd'],
  ['‘’“”′″‹›«»', `''""'"<><>`],
  ['µμσ∑√', 'uusSv'],
  ['●○◆◇■□▪▫◉◌', '*o*o#.#.*o'],
  ['°²³¹½', 'o2312'],
]

const standIns = new Map<number, number>(
  table.flatMap(([glyphs, ascii]) =>
    Array.from(glyphs, (glyph, i) => [glyph.codePointAt(0) ?? 0, ascii.charCodeAt(i)] as const),
  ),
)

const QUESTION_MARK = 0x3f
const BRAILLE = [0x2800, 0x28ff] as const
/** from one dot to eight */
const DOTS = ' ..::-=+*'

/** The ASCII code that stands for a glyph: its own sign, its letter without accents, or `?`. */
export function asciiOf(code: number): number {
  // What is no code point is a mark of the cell writer.
  if (code < 0x7f || code > 0x10ffff) return code
  const known = standIns.get(code)
  if (known !== undefined) return known
  const made = code >= BRAILLE[0] && code <= BRAILLE[1] ? dots(code - BRAILLE[0]) : baseLetter(code)
  standIns.set(code, made)
  return made
}

function dots(mask: number): number {
  let count = 0
  for (let rest = mask; rest > 0; rest >>= 1) count += rest & 1
  return DOTS.charCodeAt(count)
}

/** `é` is e, and a dot below. */
function baseLetter(code: number): number {
  const base = String.fromCodePoint(code).normalize('NFKD').charCodeAt(0)
  return base >= 0x20 && base < 0x7f ? base : QUESTION_MARK
}

/** Puts the stand-in of every glyph in its place. */
export function toAscii({ code }: Cells): void {
  for (let at = 0; at < code.length; at++) {
    const glyph = code[at] ?? 0
    if (glyph >= 0x7f) code[at] = asciiOf(glyph)
  }
}

/** Text with the stand-in of every glyph in its place; lines stay lines. */
export const asciiText = (text: string): string =>
  text.replace(/[^\x00-\x7e]/gu, (glyph) => String.fromCharCode(asciiOf(glyph.codePointAt(0) ?? 0)))
