import { NOT_JUDGED } from '../../text/phases.ts'
import { wrapped } from '../../text/wrap.ts'
import { bindings, placesUnder } from '../bindings/all.ts'
import type { Place } from '../bindings/binding.ts'
import type { Brush } from '../cells.ts'
import { BOLD, ink, on } from '../palette.ts'
import type { Scene } from '../scene.ts'
import { moreRows } from './more.ts'
import { drawRule } from './rule.ts'
import { scrollOf, spotToScroll } from './scroll.ts'

interface Section {
  title: string
  lines: readonly Line[]
}

type Line = readonly [keys: string, does: string]

const titles: Partial<Record<Place, string>> = {
  flame: 'flame graph',
  brush: 'while brushing time',
  reading: 'while a span is read',
}

const still: readonly Section[] = [
  {
    title: 'by mouse',
    lines: [
      ['click', 'a tab, a view, a phase, a title to sort by, a key of the last line; selects a frame'],
      ['click again', 'zoom into the selected frame; the right button zooms out'],
      ['wheel', 'scrolls what is under it; selects frames where all of a flame graph is seen'],
      ['drag', 'on the lanes: select a span of time'],
    ],
  },
  {
    title: 'in numbers',
    lines: [
      ['×3.2  new', 'times worse than in the baseline; there was none in it'],
      ['–', 'not known; never zero'],
      [NOT_JUDGED, 'not judged: the plan discards the latencies of this phase'],
    ],
  },
]

const passing: Partial<Record<Place, true>> = { brush: true, reading: true }

/** The key table in words and what the tables say in signs; what is true where the reader is comes first. */
function sectionsFor(scene: Scene): Section[] {
  const here = placesUnder(scene)
  // What is true only for a moment comes last.
  const others = bindings.map(({ where }) => where).toSorted((a, b) => Number(a in passing) - Number(b in passing))
  const ofPlace = (place: Place): Section => ({
    title: titles[place] ?? place,
    lines: bindings.flatMap(({ help, where }) => (help && where === place ? [[help.keys, help.does] as const] : [])),
  })
  const sections = [...new Set([...here, ...others])].map(ofPlace).toSpliced(here.length, 0, ...still)
  return sections.filter(({ lines }) => lines.length > 0)
}

/** columns of keys and of what they do, side by side on a wide terminal */
const KEYS = 18
const COLUMN = 76

/** The help: in as many columns as there is room for, scrolled together where they are longer than the panel. */
export function drawHelp(scene: Scene, brush: Brush): void {
  const columns = Math.max(1, Math.floor(brush.width / COLUMN))
  const width = Math.floor(brush.width / columns)
  const sections = sectionsFor(scene).map(
    ({ title, lines }): Section => ({
      title,
      lines: lines.flatMap((line) => inLines(line, width - KEYS - 5)),
    }),
  )
  const room = Math.max(0, brush.height - 1)
  // Blank lines are the first that a small terminal can do without.
  const spaced = laidOut(sections, columns, room, 1)
  const { placed, height } = spaced.height <= room ? spaced : laidOut(sections, columns, room, 0)
  const scroll = scrollOf(scene.state, 'help', height - room)
  spotToScroll(brush, scroll)
  drawRule(brush, 0, 'Keys', '', moreRows(scroll.at, height - scroll.at - room))
  const body = brush.part({ x: 0, y: 1, width: brush.width, height: room })
  for (const { section, column, row } of placed) {
    const x = 2 + column * width
    const y = row - scroll.at
    body.text(x, y, section.title, BOLD | ink.accent)
    section.lines.forEach(([keys, does], i) => {
      body.text(x + 2, y + 1 + i, keys, on('plain', 'plain', BOLD))
      body.text(x + 2 + KEYS, y + 1 + i, does, ink.dim)
    })
  }
}

/** What is too long for its column goes on in the next line. */
const inLines = ([keys, does]: Line, width: number): Line[] =>
  wrapped(does, width).map((part, i) => [i === 0 ? keys : '', part])

interface LaidOut {
  placed: { section: Section; column: number; row: number }[]
  height: number
}

/** Sections one under the other and then in the next column, none of them parted; no higher than it must be. */
function laidOut(sections: readonly Section[], columns: number, room: number, gap: number): LaidOut {
  const tallest = sections.reduce((rows, { lines }) => rows + lines.length + 1 + gap, gap)
  for (let height = room; height < tallest; height++) {
    const made = flowed(sections, height, gap)
    if (made.columns <= columns) return { placed: made.placed, height: Math.max(made.height, 0) }
  }
  const { placed } = flowed(sections, Number.POSITIVE_INFINITY, gap)
  return { placed, height: tallest - gap }
}

function flowed(sections: readonly Section[], most: number, gap: number): LaidOut & { columns: number } {
  const placed: LaidOut['placed'] = []
  let column = 0
  let row = gap
  let height = 0
  for (const section of sections) {
    if (row > gap && row + section.lines.length + 1 > most) {
      column++
      row = gap
    }
    placed.push({ section, column, row })
    row += section.lines.length + 1
    height = Math.max(height, row)
    row += gap
  }
  return { placed, height, columns: column + 1 }
}
