// A terminal screen as an SVG picture: what `tmux capture-pane -e -p -N` prints, drawn on an exact grid of cells. Pure:
// the same capture gives the same bytes.

const CELL_WIDTH = 8
const CELL_HEIGHT = 17
/** high enough for underscores to stay in their row */
const BASELINE = 12
const PADDING = 16
/** 0.6 em is the advance of most monospace fonts; textLength holds the others to the grid. */
const FONT_SIZE = 13.333
const FONTS = "ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', Consolas, 'Liberation Mono', monospace"
const PAPERS = {
  dark: { foreground: '#d5dae1', background: '#10141a' },
  light: { foreground: '#24292f', background: '#ffffff' },
}

// The sixteen colours of a terminal, dark first.
const SIXTEEN = ['#22272e', '#e5675f', '#78c88c', '#d9a94f', '#5f9fdc', '#b58ad8', '#5fb8b8', '#b4bac4'].concat([
  ...['#6b7482', '#ff786e', '#96dca6', '#f0be5a', '#78beff', '#d2acf0', '#86d6d6', '#f2f4f7'],
])

/**
 * @param {string} capture rows with their SGR sequences; each glyph takes one cell, other sequences are left out
 * @param {{ title: string, columns?: number, theme?: 'dark' | 'light' }} options width of the terminal; that of the capture when it is larger
 * @returns {string} a well-formed SVG file; empty rows at the end are left out
 */
export function screenSvg(capture, { title, columns = 0, theme = 'dark' }) {
  const paper = PAPERS[theme]
  const grid = readCells(capture, paper)
  while (grid.at(-1)?.every((cell) => isEmpty(cell, paper))) grid.pop()
  const width = Math.max(columns, ...grid.map((row) => row.length)) * CELL_WIDTH
  const height = grid.length * CELL_HEIGHT
  const fills = createPaths()
  const strokes = createPaths()
  for (const [y, row] of grid.entries()) {
    for (const run of runsOf(row, ({ background }) => background))
      if (run.value !== paper.background)
        fills.add(run.value, rectangle(run.x * CELL_WIDTH, y * CELL_HEIGHT, run.length * CELL_WIDTH, CELL_HEIGHT))
  }
  // After all backgrounds: a path is drawn in the order in which its colour was first seen.
  for (const [y, row] of grid.entries())
    for (const [x, cell] of row.entries()) {
      const shape = shapeOf(cell)
      if (shape?.fill) fills.add(`${shape.colour} `, place(shape.fill, x, y))
      if (shape?.stroke) strokes.add(shape.colour, place(shape.stroke, x, y))
    }
  const texts = grid.flatMap((row, y) => textsOf(row, y, paper))
  const [outerWidth, outerHeight] = [width + 2 * PADDING, height + 2 * PADDING]
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${outerWidth}" height="${outerHeight}" viewBox="0 0 ${outerWidth} ${outerHeight}" role="img" aria-labelledby="title">`,
    `<title id="title">${escapeXml(title)}</title>`,
    `<style>text{white-space:pre}.b{font-weight:bold}.u{text-decoration:underline}</style>`,
    `<rect width="${outerWidth}" height="${outerHeight}" rx="8" fill="${paper.background}"/>`,
    `<g transform="translate(${PADDING} ${PADDING})" font-family="${FONTS}" font-size="${FONT_SIZE}" fill="${paper.foreground}">`,
    '<g shape-rendering="crispEdges">',
    ...fills.list().map(([colour, d]) => `<path fill="${colour.trim()}" d="${d}"/>`),
    ...strokes.list().map(([colour, d]) => `<path fill="none" stroke="${colour}" d="${d}"/>`),
    '</g>',
    ...texts,
    '</g>',
    '</svg>',
  ].join('\n')}\n`
}

/** Rows of cells: a glyph with its final colours, inverse and faint resolved. */
function readCells(capture, paper) {
  // A style lasts until it is changed, over the ends of lines as well.
  let style = plain()
  return capture
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const cells = []
      for (const [, parameters, glyph] of line.matchAll(TOKEN)) {
        if (parameters !== undefined) style = applySgr(style, parameters)
        else if (glyph !== undefined) cells.push(cellOf(glyph, style, paper))
      }
      return cells
    })
}

// A style; another sequence (CSI, OSC, a charset), left out; a control character, left out; or a glyph.
const TOKEN =
  /\x1b\[([\d;:]*)m|\x1b\[[\d;:?<=>]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x00-\x1f\x7f-\x9f]|(\P{C}|\p{Co})/gsu

const plain = () => ({
  foreground: null,
  background: null,
  bold: false,
  faint: false,
  underline: false,
  inverse: false,
})

function applySgr(before, parameters) {
  const codes = parameters.split(/[;:]/).map(Number)
  let style = before
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]
    const [side, direct] = code < 40 || (code >= 90 && code < 100) ? ['foreground', 30] : ['background', 40]
    if (code === 0) style = plain()
    else if (code in ATTRIBUTES) style = { ...style, ...ATTRIBUTES[code] }
    else if (code === 38 || code === 48) {
      const isRgb = codes[i + 1] === 2
      const colour = isRgb ? hex(codes.slice(i + 2, i + 5)) : paletteColour(codes[i + 2] ?? 0)
      style = { ...style, [side]: colour }
      i += isRgb ? 4 : 2
    } else if (code === 39 || code === 49) style = { ...style, [side]: null }
    else if (code >= direct && code < direct + 8) style = { ...style, [side]: SIXTEEN[code - direct] }
    else if (code >= direct + 60 && code < direct + 68) style = { ...style, [side]: SIXTEEN[code - direct - 52] }
  }
  return style
}

const ATTRIBUTES = {
  1: { bold: true },
  2: { faint: true },
  4: { underline: true },
  7: { inverse: true },
  22: { bold: false, faint: false },
  24: { underline: false },
  27: { inverse: false },
}

/** The 256 colours of xterm: sixteen, a cube of six levels, a ramp of greys. */
function paletteColour(index) {
  if (index < 16) return SIXTEEN[index]
  if (index >= 232) return hex(Array(3).fill(8 + 10 * (index - 232)))
  const level = (step) => (step === 0 ? 0 : 55 + 40 * step)
  const cube = index - 16
  return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)])
}

const hex = (rgb) => `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
const mix = (over, under, share) => {
  const part = (colour, at) => Number.parseInt(colour.slice(at, at + 2), 16)
  return hex([1, 3, 5].map((at) => part(over, at) * share + part(under, at) * (1 - share)))
}

function cellOf(glyph, { foreground, background, bold, faint, underline, inverse }, paper) {
  const [ink, back] = [foreground ?? paper.foreground, background ?? paper.background]
  const [colour, under] = inverse ? [back, ink] : [ink, back]
  return { glyph, foreground: faint ? mix(colour, under, 0.6) : colour, background: under, bold, underline }
}

const isEmpty = ({ glyph, background, underline }, paper) =>
  glyph === ' ' && background === paper.background && !underline

// Blocks and lines are drawn, not written: fonts leave gaps between them.
const EIGHTHS_UP = '▁▂▃▄▅▆▇█'
const EIGHTHS_WIDE = '▏▎▍▌▋▊▉'
const SHADES = '░▒▓'
/** arms of lines from the centre of the cell: up, right, down, left */
const LINES = { '─': 'rl', '│': 'ud', '┌': 'rd', '┐': 'dl', '└': 'ur', '┘': 'ul' }
Object.assign(LINES, { '├': 'urd', '┤': 'udl', '┬': 'rdl', '┴': 'url', '┼': 'urdl' })
const [MIDDLE_X, MIDDLE_Y] = [CELL_WIDTH / 2, CELL_HEIGHT / 2]
const ARMS = { u: [0, -MIDDLE_Y], r: [MIDDLE_X, 0], d: [0, MIDDLE_Y], l: [-MIDDLE_X, 0] }

/** The drawing of a cell in its own coordinates; null when its glyph is written. */
function shapeOf({ glyph, foreground, background }) {
  const up = EIGHTHS_UP.indexOf(glyph) + 1
  const wide = EIGHTHS_WIDE.indexOf(glyph) + 1
  const shade = SHADES.indexOf(glyph) + 1
  if (up > 0) {
    const height = (CELL_HEIGHT * up) / 8
    return { colour: foreground, fill: [0, CELL_HEIGHT - height, CELL_WIDTH, height] }
  }
  if (wide > 0) return { colour: foreground, fill: [0, 0, (CELL_WIDTH * wide) / 8, CELL_HEIGHT] }
  if (shade > 0) return { colour: mix(foreground, background, shade / 4), fill: [0, 0, CELL_WIDTH, CELL_HEIGHT] }
  if (glyph === '┊') return { colour: foreground, stroke: dashes(4) }
  const arms = LINES[glyph]
  if (!arms) return null
  return { colour: foreground, stroke: [...arms].map((arm) => [MIDDLE_X, MIDDLE_Y, ...ARMS[arm]]) }
}

const dashes = (count) =>
  Array.from({ length: count }, (_, i) => [MIDDLE_X, ((i + 0.25) * CELL_HEIGHT) / count, 0, CELL_HEIGHT / count / 2])

const place = (shape, x, y) => {
  const [left, top] = [x * CELL_WIDTH, y * CELL_HEIGHT]
  if (!Array.isArray(shape[0])) return rectangle(left + shape[0], top + shape[1], shape[2], shape[3])
  return shape
    .map(([fromX, fromY, dx, dy]) => `M${short(left + fromX)} ${short(top + fromY)}l${short(dx)} ${short(dy)}`)
    .join('')
}

const rectangle = (x, y, width, height) => `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}z`

const short = (number) => String(Number(number.toFixed(3)))

/** One path for all that has one colour, in the order in which colours were first seen. */
function createPaths() {
  const paths = new Map()
  return {
    add: (colour, d) => paths.set(colour, (paths.get(colour) ?? '') + d),
    list: () => [...paths],
  }
}

/** Neighbouring cells with the same value. */
function runsOf(row, look) {
  const runs = []
  for (const [x, cell] of row.entries()) {
    const value = look(cell)
    const last = runs.at(-1)
    if (last?.value === value) last.length++
    else runs.push({ x, length: 1, value })
  }
  return runs
}

/** Text is written in runs of one style without gaps; a glyph that another font may have to lend stands alone. */
function textsOf(row, y, paper) {
  const keyOf = (cell, x) => {
    if (shapeOf(cell) !== null || (cell.glyph === ' ' && !cell.underline)) return null
    const isBorrowed = cell.glyph > '\u00ff'
    return `${cell.foreground} ${cell.bold} ${cell.underline}${isBorrowed ? ` ${x}` : ''}`
  }
  const keys = row.map(keyOf)
  // A single blank between two words of the same style belongs to both.
  for (let x = 1; x + 1 < row.length; x++)
    if (keys[x] === null && row[x].glyph === ' ' && keys[x - 1] !== null && keys[x - 1] === keys[x + 1])
      keys[x] = keys[x - 1]
  const indexed = row.map((cell, x) => ({ cell, key: keys[x] }))
  return runsOf(indexed, ({ key }) => key).flatMap(({ x, length, value }) => {
    if (value === null) return []
    const { foreground, bold, underline } = row[x]
    const text = row.slice(x, x + length).map(({ glyph }) => glyph)
    const classes = [bold ? 'b' : '', underline ? 'u' : ''].filter(Boolean).join(' ')
    return [
      `<text x="${x * CELL_WIDTH}" y="${y * CELL_HEIGHT + BASELINE}" textLength="${length * CELL_WIDTH}"` +
        `${foreground === paper.foreground ? '' : ` fill="${foreground}"`}${classes ? ` class="${classes}"` : ''}>${escapeXml(text.join(''))}</text>`,
    ]
  })
}

const escapeXml = (text) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign)
