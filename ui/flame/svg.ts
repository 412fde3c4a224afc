import type { Profile } from '../../audit/index.ts'
import { columnCounts, frameClass } from '../../audit/index.ts'
import { drawBoxes } from './boxes.ts'
import { type ShownPair, shownWeights } from './describe.ts'
import { embedProfile, type FlameColumn } from './embed.ts'
import { GEOMETRY } from './geometry.ts'
import { type FlameView, layout } from './layout.ts'
import { BOX_CLASS, CHANGE_LEGEND, CLASS_LEGEND, flameStyle } from './theme.ts'
import { viewerScript } from './viewer.ts'
import { xmlNumber, xmlText } from './xml.ts'

export interface FlameSvgOptions {
  /** what a width means, e.g. "Off-CPU: blocked time" */
  title: string
  /** what holds for the whole picture, a line each: probe, host, kernel, ... */
  lines: readonly string[]
  /** the phases that can be shown, in this order; all of them travel in the file */
  columns: readonly FlameColumn[]
  /** what is shown at first, and without scripts: a column's key, or base and candidate of a difference */
  view: { column: string } | { base: string; candidate: string }
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
 * (every phase) packed inside, and a viewer that zooms, searches and switches phases. The same input gives the same bytes.
 * A difference compares weights per unit of `divide` when both columns have the same one, otherwise shares of each total.
 */
export function flameSvg(profile: Profile, options: FlameSvgOptions): string {
  const width = options.width ?? GEOMETRY.width
  const interactive = options.interactive ?? true
  const columns = options.columns.map(divisible)
  const shown = shownView(profile, columns, options.view)
  const head = headOf(options, shown, width)
  const inner = width - 2 * GEOMETRY.margin
  const placed = layout(profile, {
    view: shown.view,
    width: inner,
    minWidth: options.minWidth ?? 1,
    invert: options.invert ?? false,
  })
  const height = head.height + placed.levels * GEOMETRY.row + GEOMETRY.margin
  const about = {
    title: options.title,
    lines: [...options.lines],
    columns,
    view: shown.index,
    invert: options.invert ?? false,
  }
  const describe = shownWeights(profile, placed.weights, shown)
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" class="pf" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${xmlText(`${options.title}: ${shown.label}`)}</title>
<style>${flameStyle()}</style>
<rect class="paper back" width="${width}" height="${height}"/>
<g class="boxes" transform="translate(${GEOMETRY.margin} ${head.height})">
${drawBoxes(profile, placed, describe)}</g>
<g class="head">
<rect class="paper headback" width="${width}" height="${head.height - 3}"/>
${head.text}${detailText(describe(0), head.height)}${legend(profile, shown.pair !== null, width, head.height)}</g>
${interactive ? `<metadata>${embedProfile(profile, about)}</metadata>\n<script><![CDATA[${viewerScript()}]]></script>\n` : ''}</svg>
`
}

/** Nothing is "per request" where there was no request. */
const divisible = ({ divide, ...column }: FlameColumn): FlameColumn =>
  divide && divide.by > 0 ? { ...column, divide } : column

interface Shown {
  view: FlameView
  /** as the file says it: index of a column, or of two */
  index: number | [number, number]
  label: string
  facts: string[]
  divide: FlameColumn['divide']
  pair: ShownPair | null
  counts: Float64Array | null
}

function shownView(profile: Profile, columns: FlameColumn[], view: FlameSvgOptions['view']): Shown {
  const indexOf = (key: string): number => {
    const known = columns.findIndex((column) => column.key === key)
    return known >= 0 ? known : columns.push({ key, label: key }) - 1
  }
  if ('column' in view) {
    const index = indexOf(view.column)
    const column = columns[index] ?? { key: view.column, label: view.column }
    return {
      view,
      index,
      label: column.label,
      facts: [factsOf(column)],
      divide: column.divide,
      pair: null,
      counts: columnCounts(profile, view.column),
    }
  }
  const index: [number, number] = [indexOf(view.base), indexOf(view.candidate)]
  const base = columns[index[0]] ?? { key: view.base, label: view.base }
  const candidate = columns[index[1]] ?? { key: view.candidate, label: view.candidate }
  const same = base.divide && candidate.divide && base.divide.per === candidate.divide.per
  return {
    view: {
      pair: {
        ...view,
        ...(same ? { baseScale: 1 / (base.divide?.by ?? 1), candidateScale: 1 / (candidate.divide?.by ?? 1) } : {}),
      },
    },
    index,
    label: `${candidate.label} − ${base.label}`,
    facts: [factsOf(base), factsOf(candidate)],
    divide: undefined,
    pair: { base: base.label, candidate: candidate.label, per: same ? (base.divide?.per ?? null) : null },
    counts: null,
  }
}

const factsOf = (column: FlameColumn): string => [column.label, column.facts].filter(Boolean).join(' · ')

function headOf(options: FlameSvgOptions, shown: Shown, width: number): { text: string; height: number } {
  const { margin, line } = GEOMETRY
  const texts = [`<text class="title" x="${margin}" y="${GEOMETRY.titleY}">${xmlText(options.title)}</text>`]
  let y = GEOMETRY.titleY + 6
  for (const text of options.lines) {
    y += line
    texts.push(`<text class="quiet" x="${margin}" y="${y}">${xmlText(text)}</text>`)
  }
  y += line
  texts.push(`<text class="facts" x="${margin}" y="${y}">${xmlText(shown.facts.join('\u2003vs\u2003'))}</text>`)
  const tabs = y + 11
  const pill = pillWidth(shown.label)
  texts.push(
    `<g class="tabs" transform="translate(${margin} ${tabs})"><g class="on"><rect class="pill" width="${pill}" height="22" rx="11"/>` +
      `<text class="mid" x="${pill / 2}" y="15">${xmlText(shown.label)}</text></g></g>`,
  )
  const height = tabs + 22 + 30
  texts.push(`<path class="rule" d="M${margin} ${height - 5.5}H${width - margin}"/>`)
  return { text: `${texts.join('\n')}\n`, height }
}

/** Width of a tab, px, guessed from its characters: measuring text needs a browser. */
const pillWidth = (label: string): number => Math.round([...label].length * 7 + 24)

const detailText = (text: string, height: number): string =>
  `<text class="detail" x="${GEOMETRY.margin}" y="${height - 13}">${xmlText(text.replaceAll('\n', '\u2003'))}</text>\n`

/** The legend hangs from the right edge, so that the viewer moves it with the window as one piece. */
function legend(profile: Profile, isPair: boolean, width: number, height: number): string {
  const open = `<g class="legend" transform="translate(${width - GEOMETRY.margin} ${height - 52})">`
  if (isPair) {
    const step = 48
    const swatches = CHANGE_LEGEND.map(([change, label], i) => {
      const x = (i - CHANGE_LEGEND.length) * step
      return (
        `<rect class="${BOX_CLASS[change]}" x="${x + 1}" y="3" width="${step - 2}" height="16"/>` +
        `<text class="small mid" x="${x + step / 2}" y="15">${xmlText(label)}</text>`
      )
    })
    return `${open}${swatches.join('')}</g>\n`
  }
  const present = new Set(profile.names.map(frameClass))
  let right = 0
  const swatches: string[] = []
  for (const [frame, label] of [...CLASS_LEGEND].reverse()) {
    if (!present.has(frame)) continue
    const left = right - label.length * 7 - 16
    const fill = BOX_CLASS[frame] + (frame === 'unknown' ? '' : '0')
    swatches.push(
      `<rect class="${fill}" x="${xmlNumber(left)}" y="5" width="11" height="11" rx="2"/>` +
        `<text class="small quiet" x="${xmlNumber(left + 16)}" y="15">${xmlText(label)}</text>`,
    )
    right = left - 18
  }
  return `${open}${swatches.join('')}</g>\n`
}
