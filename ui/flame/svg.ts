import type { Profile } from '../../audit/index.ts'
import { drawBoxes } from './boxes.ts'
import { describeNodes } from './describe.ts'
import { embedProfile, type FlameColumn } from './embed.ts'
import { GEOMETRY } from './geometry.ts'
import { drawHead } from './head.ts'
import { judgeNodes } from './judge.ts'
import { layout } from './layout.ts'
import { meaningLine, unknownShare } from './meaning.ts'
import { drawMovers } from './movers-list.ts'
import { type FirstView, shownOf } from './shown.ts'
import { flameStyle, hatchPatterns } from './theme.ts'
import { viewerScript } from './viewer/script.ts'
import { xmlText } from './xml.ts'

export interface FlameSvgOptions {
  /** what a width means, e.g. "Off-CPU: blocked time" */
  title: string
  /** what holds for the whole picture, a line each: probe, host, kernel, ... */
  lines: readonly string[]
  /** the phases that can be shown, in this order; all of them travel in the file */
  columns: readonly FlameColumn[]
  /** what is shown at first, and without scripts: a column's key, or base and candidate of a difference */
  view: FirstView
  /** px, default 1200; a browser fits it to its window */
  width?: number
  /** boxes narrower than this are not drawn, px, default 1 */
  minWidth?: number
  /** root at the bottom instead of the top */
  invert?: boolean
  /** false: the boxes only, without data and viewer, e.g. to stand inside a page. Default true */
  interactive?: boolean
}

/**
 * A flame graph as one self-contained XML 1.0 document: boxes that are readable without scripts, the whole profile
 * (every phase) packed inside, and a viewer that zooms, searches, compares and turns it. The same input gives the same
 * bytes. A difference compares weights per unit of `divide` when both columns have the same one, otherwise shares of
 * each total; it is coloured where it is more than chance, with the functions that changed most beside it.
 */
export function flameSvg(profile: Profile, options: FlameSvgOptions): string {
  const width = options.width ?? GEOMETRY.width
  const interactive = options.interactive ?? true
  const columns = options.columns.map(divisible)
  const shown = shownOf(profile, columns, options.view)
  const { margin, panel, panelGap, besideFrom } = GEOMETRY
  const beside = shown.pair && width >= besideFrom ? panel + panelGap : 0
  const placed = layout(profile, {
    view: shown.view,
    width: width - 2 * margin - beside,
    minWidth: options.minWidth ?? 1,
    invert: options.invert ?? false,
  })
  const sides = placed.weights.pair
  const verdict = shown.pair && sides ? judgeNodes(profile, shown.pair.columns, sides) : null
  const tested = shown.pair && verdict ? { per: shown.pair.per, isTested: verdict.isTested } : null
  const meaning = meaningLine(profile.unit, tested, unknownShare(profile, placed.weights.width))
  const head = drawHead(profile, {
    title: options.title,
    lines: options.lines,
    shown,
    meaning,
    width,
    root: describeNodes(profile, placed.weights, shown, verdict)(0),
  })
  const boxesHeight = placed.levels * GEOMETRY.row
  const list = shown.pair
    ? drawMovers(profile, shown.pair, verdict?.isTested ?? false, {
        x: beside ? width - margin - panel : margin,
        y: beside ? head.height : head.height + boxesHeight + 6,
        width: beside ? panel : width - 2 * margin,
      })
    : { text: '', height: 0 }
  const body = beside ? Math.max(list.height, boxesHeight) : boxesHeight + list.height
  const height = head.height + body + margin
  const about = {
    title: options.title,
    lines: [...options.lines],
    columns,
    view: shown.index,
    invert: options.invert ?? false,
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" class="pf" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${xmlText(`${options.title}: ${shown.label}`)}</title>
<style>${flameStyle()}</style>
${interactive || shown.pair ? hatchPatterns() : ''}<rect class="paper back" width="${width}" height="${height}"/>
<g class="boxes" transform="translate(${margin} ${head.height})">
${drawBoxes(profile, placed, verdict, describeNodes(profile, placed.weights, shown, verdict, titleText))}</g>
${list.text}<g class="head">
${head.text}</g>
${interactive ? `<metadata>${embedProfile(profile, about)}</metadata>\n<script><![CDATA[${viewerScript()}]]></script>\n` : ''}</svg>
`
}

/** A fact a line, as browsers show titles. */
const titleText = (text: string): string => xmlText(text.replaceAll(' · ', '\n'))

/** Nothing is "per request" where there was no request. */
const divisible = ({ divide, ...column }: FlameColumn): FlameColumn =>
  divide && divide.by > 0 ? { ...column, divide } : column
