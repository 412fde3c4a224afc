import type { Profile } from '../../audit/index.ts'
import { drawBoxes } from './boxes.ts'
import { describeNodes } from './describe.ts'
import { embedProfile, type FlameColumn } from './embed.ts'
import { GEOMETRY } from './geometry.ts'
import { type Half, placeHalves } from './halves.ts'
import { drawHead } from './head.ts'
import { type Judgement, judgeNodes } from './judge.ts'
import { meaningLine, unknownShare } from './meaning.ts'
import { drawMovers } from './movers-list.ts'
import { type FirstView, type Shown, shownOf } from './shown.ts'
import { type PictureStart, startWords } from './start.ts'
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
  /** what 100 % of a phase are called, where they are not all of its stacks: `what is shown` */
  whole?: string
  /** how it is looked at first, besides `view` */
  start?: PictureStart
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
  const start = options.start ?? {}
  const told = { isShare: start.unit === 'share', whole: options.whole }
  const shown = shownOf(profile, columns, options.view, told)
  const { margin, panel, panelGap, besideFrom } = GEOMETRY
  const beside = shown.pair && width >= besideFrom ? panel + panelGap : 0
  const { halves, levels } = placeHalves(profile, start, {
    view: shown.view,
    width: width - 2 * margin - beside,
    minWidth: options.minWidth ?? 1,
    invert: options.invert ?? false,
  })
  const drawn = halves.map((half) => drawHalf(half, columns, options, shown))
  const last = drawn.at(-1)
  const verdict = last?.verdict ?? null
  const tested = shown.pair && verdict ? { per: shown.pair.per, isTested: verdict.isTested } : null
  const meaning = meaningLine(profile.unit, tested, last?.unknown ?? 0)
  const words = startWords(profile, start)
  const head = drawHead(profile, {
    title: options.title,
    lines: words === '' ? options.lines : [...options.lines, words],
    shown,
    meaning,
    width,
    root: last?.root ?? '',
  })
  const boxesHeight = levels * GEOMETRY.row
  // Of a sandwich its lower half: there is where stacks end.
  const lower = halves.at(-1)
  const pair = lower && 'pair' in lower.view && shown.pair ? { ...shown.pair, columns: lower.view.pair } : null
  const list =
    lower && pair
      ? drawMovers(lower.profile, pair, verdict?.isTested ?? false, {
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
    ...(options.whole === undefined ? {} : { whole: options.whole }),
    ...(options.start === undefined ? {} : { start }),
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" class="pf" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${xmlText(`${options.title}: ${shown.label}`)}</title>
<style>${flameStyle()}</style>
${interactive || shown.pair ? hatchPatterns() : ''}<rect class="paper back" width="${width}" height="${height}"/>
<g class="boxes" transform="translate(${margin} ${head.height})">
${drawn.map(({ boxes }) => boxes).join('')}</g>
${list.text}<g class="head">
${head.text}</g>
${interactive ? `<metadata>${embedProfile(profile, about)}</metadata>\n<script><![CDATA[${viewerScript()}]]></script>\n` : ''}</svg>
`
}

/** The boxes of a tree, and what is said of it as a whole. `all` says what the picture shows. */
function drawHalf(
  { profile, placed, view: halfView, root }: Half,
  columns: FlameColumn[],
  { view, whole, start }: FlameSvgOptions,
  all: Shown,
): { boxes: string; root: string; verdict: Judgement | null; unknown: number } {
  const own = shownOf(profile, columns, view, { isShare: start?.unit === 'share', whole })
  const shown = { ...own, all: all.all }
  const { pair, width } = placed.weights
  const verdict = 'pair' in halfView && pair ? judgeNodes(profile, halfView.pair, pair) : null
  const describe = describeNodes(profile, placed.weights, shown, verdict, titleText)
  return {
    boxes: drawBoxes(profile, placed, verdict, describe, start?.search),
    root: describeNodes(profile, placed.weights, shown, verdict)(root),
    verdict,
    unknown: unknownShare(profile, width),
  }
}

/** A fact a line, as browsers show titles. */
const titleText = (text: string): string => xmlText(text.replaceAll(' · ', '\n'))

/** Nothing is "per request" where there was no request. */
const divisible = ({ divide, ...column }: FlameColumn): FlameColumn =>
  divide && divide.by > 0 ? { ...column, divide } : column
