import { xmlNumber, xmlText } from '../flame/xml.ts'
import type { Cells } from './cells.ts'
import { lookOf, type Theme } from './palette.ts'

/** px of a cell: what a monospace face of 14 px has in most terminals */
const CELL = { width: 8.4, height: 18, baseline: 13.5 }
const MARGIN = 12
const BLANK = 0x20

/** A screen as it was: cells, and what stands above them. */
export interface Screenshot {
  cells: Cells
  title: string
  theme: Theme
}

/**
 * The cells as one self-contained XML 1.0 document without scripts, a `<text>` for each stretch of one style without a
 * gap. Widths are set, so that columns stand under each other in any face; bars and rules are drawn as shapes, since faces
 * leave seams.
 */
export function screenshotSvg({ cells, title, theme }: Screenshot): string {
  const width = cells.width * CELL.width + 2 * MARGIN
  const height = cells.height * CELL.height + 2 * MARGIN
  const rows = Array.from({ length: cells.height }, (_, y) =>
    runsOf(cells, y)
      .map((run) => drawRun(run, y, theme))
      .join(''),
  )
  const box = `${xmlNumber(width)} ${xmlNumber(height)}`
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${xmlNumber(width)}" height="${xmlNumber(height)}" viewBox="0 0 ${box}">
<title>${xmlText(title)}</title>
<rect width="100%" height="100%" rx="6" fill="${hex(lookOf(0, theme).background)}"/>
<g transform="translate(${MARGIN} ${MARGIN})" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" shape-rendering="crispEdges">
${rows.filter((row) => row !== '').join('\n')}
</g>
</svg>
`
}

interface Run {
  x: number
  codes: number[]
  style: number
}

function runsOf({ width, code, style }: Cells, y: number): Run[] {
  const runs: Run[] = []
  for (let x = 0; x < width; x++) {
    const own = style[y * width + x] ?? 0
    const last = runs.at(-1)
    if (last?.style === own) last.codes.push(code[y * width + x] ?? BLANK)
    else runs.push({ x, codes: [code[y * width + x] ?? BLANK], style: own })
  }
  return runs
}

function drawRun({ x, codes, style }: Run, y: number, theme: Theme): string {
  const { foreground, background, isBold, isUnderlined } = lookOf(style, theme)
  const top = y * CELL.height
  const box = (at: number, from: number, wide: number, high: number, colour: string, opacity = 1) =>
    `<rect x="${xmlNumber(at)}" y="${xmlNumber(from)}" width="${xmlNumber(wide)}" height="${xmlNumber(high)}" fill="${colour}"${opacity < 1 ? ` opacity="${opacity}"` : ''}/>`
  const ink = hex(foreground)
  let out = ''
  if (hex(background) !== hex(lookOf(0, theme).background))
    out += box(x * CELL.width, top, codes.length * CELL.width, CELL.height, hex(background))
  if (isUnderlined) out += box(x * CELL.width, top + 15.5, codes.length * CELL.width, 1, ink)
  // Shapes are taken out of the text; what is left of it between them is written piece by piece.
  let from = 0
  for (let i = 0; i <= codes.length; i++) {
    const shape = i < codes.length ? shapeOf(codes[i] ?? BLANK) : []
    if (shape === null) {
      // Viewers disagree on several blanks in a text.
      if (codes[i] === BLANK && codes[i + 1] === BLANK) {
        out += drawText(x + from, codes.slice(from, i), top, ink, isBold)
        from = i + 1
      }
      continue
    }
    out += drawText(x + from, codes.slice(from, i), top, ink, isBold)
    let last = i
    while (shape.some(isWide) && codes[last + 1] === codes[i]) last++
    for (const part of shape) {
      const [left, up, wide, high, opacity] = part
      // Those that touch are one: between two browsers show a seam.
      for (let at = i; at <= (isWide(part) ? i : last); at++)
        out += box(
          (x + at + left) * CELL.width,
          top + up * CELL.height,
          (isWide(part) ? last - i + 1 : wide) * CELL.width,
          high * CELL.height,
          ink,
          opacity,
        )
    }
    i = last
    from = i + 1
  }
  return out
}

function drawText(x: number, codes: readonly number[], top: number, ink: string, isBold: boolean): string {
  let [from, to] = [0, codes.length]
  while (to > from && codes[to - 1] === BLANK) to--
  while (from < to && codes[from] === BLANK) from++
  if (from === to) return ''
  const text = xmlText(String.fromCodePoint(...codes.slice(from, to)))
  const at = `x="${xmlNumber((x + from) * CELL.width)}" y="${xmlNumber(top + CELL.baseline)}"`
  const length = `textLength="${xmlNumber((to - from) * CELL.width)}" lengthAdjust="spacingAndGlyphs"`
  return `<text ${at} ${length} fill="${ink}"${isBold ? ' font-weight="bold"' : ''}>${text}</text>`
}

type Part = readonly [left: number, up: number, width: number, height: number, opacity?: number]
const isWide = ([left, , width]: Part): boolean => left === 0 && width === 1
const [THIN, FLAT] = [0.12, 0.06]
const across: Part = [0, 0.5 - FLAT / 2, 1, FLAT]
const down: Part = [0.5 - THIN / 2, 0, THIN, 1]
const half = {
  left: [0, 0.5 - FLAT / 2, 0.5 + THIN / 2, FLAT],
  right: [0.5 - THIN / 2, 0.5 - FLAT / 2, 0.5 + THIN / 2, FLAT],
  up: [0.5 - THIN / 2, 0, THIN, 0.5],
  down: [0.5 - THIN / 2, 0.5, THIN, 0.5],
} as const satisfies Record<string, Part>

const shapes = new Map<number, readonly Part[]>(
  Object.entries({
    '─': [across],
    '│': [down],
    '┌': [half.right, half.down],
    '┐': [half.left, half.down],
    '└': [half.right, half.up],
    '┘': [half.left, half.up],
    '├': [down, half.right],
    '┤': [down, half.left],
    '┬': [across, half.down],
    '┴': [across, half.up],
    '┼': [across, down],
    '░': [[0, 0, 1, 1, 0.25]],
    '▒': [[0, 0, 1, 1, 0.5]],
    '▓': [[0, 0, 1, 1, 0.75]],
    '▀': [[0, 0, 1, 0.5]],
    '▐': [[0.5, 0, 0.5, 1]],
  } as const).map(([glyph, parts]) => [glyph.codePointAt(0) ?? 0, parts]),
)

/** Parts of a cell in its own measure; empty for none, null for what is a letter. */
function shapeOf(code: number): readonly Part[] | null {
  // U+2581..2588 fill from below in eighths, U+2589..258F from the left.
  if (code >= 0x2581 && code <= 0x2588) return [[0, 1 - (code - 0x2580) / 8, 1, (code - 0x2580) / 8]]
  if (code >= 0x2589 && code <= 0x258f) return [[0, 0, (0x2590 - code) / 8, 1]]
  return shapes.get(code) ?? null
}

const hex = (rgb: readonly [number, number, number]): string =>
  `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`
