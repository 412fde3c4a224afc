import { columnOf, type FrameClass, frameClass, frameLabel, nodeName, pathOf } from '../../../audit/index.ts'
import { CHANGE_GLYPH } from '../../flame/cells.ts'
import { changeLine } from '../../flame/describe.ts'
import { intervalText } from '../../flame/judge.ts'
import { keeper } from '../../flame/kept.ts'
import { MEANING } from '../../flame/meaning.ts'
import { type SearchResult, searchProfile } from '../../flame/search.ts'
import { CHANGE_LEGEND, CLASS_LEGEND } from '../../flame/theme.ts'
import { formatWeight } from '../../flame/weight.ts'
import { clip, formatNs, formatPercent } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { ink } from '../palette.ts'
import { classesOf, type FlameShown, type FlameTree } from './shown.ts'
import { styleOfClass } from './style.ts'
import { printedAs, unitWords } from './unit.ts'

/**
 * Under the graph: the selected frame in numbers, its name and its callers as far as there is room; where there is a
 * second line, on it what of the name did not fit, else what widths and colours mean.
 */
export function drawDetails(brush: Brush, shown: FlameShown, search: string): void {
  const width = Math.max(0, brush.width - 2)
  const isAbove = shown.callers !== null && shown.place.isAbove === true
  const tree = isAbove && shown.callers ? shown.callers : shown.tree
  const node = tree.selected ?? 0
  const path = node === 0 ? ['all'] : pathOf(tree.profile, node).map(frameLabel)
  const parts = shown.pair ? pairParts(shown, tree, node) : ownParts(shown, tree, node)
  if (search !== '') {
    const found = searched(shown.tree, search)
    parts.unshift(
      `/${search}${found.isPattern ? '' : ' (no pattern: as text)'}: ${found.nodes.length} frames, ${formatPercent(found.share * 100)}`,
    )
  }
  const isUpwards = isAbove || shown.place.shapes?.some(({ kind }) => kind === 'reverse') === true
  const [first, second] = inLines([...parts, path.at(-1) ?? ''], width, brush.height > 1)
  const callers = callersWithin(path.slice(0, -1), width - (second || first).length - 3, isUpwards ? ' ‹ ' : ' › ')
  const withCallers = (line: string): string => (callers === '' ? line : `${line}   ${callers}`)
  brush.text(1, 0, second === '' ? withCallers(first) : first, ink.accent)
  if (second !== '') brush.text(1, 1, withCallers(second), ink.accent)
  const last = brush.height - 1
  if (last > (second === '' ? 0 : 1)) drawLegend(brush.part({ x: 0, y: last, width: brush.width, height: 1 }), shown)
}

/** Parts in one line, or where that is too long in two: what does not fit goes to the second, a long name runs over both. */
function inLines(parts: readonly string[], width: number, hasTwo: boolean): [first: string, second: string] {
  const line = parts.join(GAP)
  if (line.length <= width) return [line, '']
  // Of what does not fit the name goes last.
  if (!hasTwo) return [clip([...parts.slice(-1), ...parts.slice(0, -1)].join(GAP), width), '']
  for (let count = parts.length - 1; count > 0; count--) {
    const [first, second] = [parts.slice(0, count).join(GAP), parts.slice(count).join(GAP)]
    if (first.length <= width && second.length <= width) return [first, second]
  }
  return [line.slice(0, width), clip(line.slice(width), width)]
}

const GAP = '   '

/** `2.90 ms per request   self 0   kernel   71.0 % of all`. */
function ownParts(shown: FlameShown, { profile, view, weights, root }: FlameTree, node: number): string[] {
  const { unit, scale, long } = shown
  const print = (weight: number): string => formatWeight(weight * scale, printedAs(unit, profile))
  const value = weights.width[node] ?? 0
  const share = (of: number) => formatPercent(of > 0 ? (value / of) * 100 : null)
  const self = 'column' in view ? (columnOf(profile, view.column, profile.self)[node] ?? 0) : 0
  const all = shown.tree.weights.width[0] ?? 0
  const what = unit === 'total' ? (profile.unit === 'ns' ? '' : ` ${NOUNS[profile.unit]}`) : UNIT_WORDS[unit]
  const parts = [`${print(value)}${what}`, `self ${print(self)}`]
  if (node > 0) parts.push(CLASS_WORDS[frameClass(nodeName(profile, node))])
  if (unit !== 'share') parts.push(`${share(all)} of ${shown.place.shapes ? 'what is shown' : 'all'}`)
  if (root > 0) parts.push(`${share(weights.width[root] ?? 0)} of ${frameLabel(nodeName(profile, root))}`)
  // The longest that there are: shorter ones hold them too.
  const longest = long.findLast(({ share: part }) => part >= 0.01)
  if (longest) parts.push(`${formatPercent(longest.share * 100)} in waits ≥${formatNs(longest.leastNs)}`)
  return parts
}

/** Both sides, what lies between them, and how sure that is; the words of the SVG. */
function pairParts({ pair }: FlameShown, { profile, weights, verdict }: FlameTree, node: number): string[] {
  if (!pair || !weights.pair || !verdict) return []
  const interval = verdict.intervalOf(node)
  return [
    changeLine(profile, pair, weights.pair.base[node] ?? 0, weights.pair.candidate[node] ?? 0),
    interval ? intervalText(interval) : '',
    verdict.noteOf(node),
  ].filter((part) => part !== '')
}

const NOUNS = { samples: 'samples', count: 'events' } as const
const UNIT_WORDS = { request: ' per request', second: ' per second', share: ' of all' } as const
const CLASS_WORDS = Object.fromEntries(CLASS_LEGEND) as Record<FrameClass, string>

const searches = keeper<SearchResult>(2)
const searched = ({ profile, view }: FlameTree, search: string): SearchResult =>
  searches(profile, `${JSON.stringify(view)} ${search}`, () => searchProfile(profile, view, search))

/** As many callers as fit, the nearest last; `…` stands for the others. */
function callersWithin(callers: readonly string[], width: number, joint: string): string {
  for (let from = 0; from < callers.length; from++) {
    const text = [...(from > 0 ? ['…'] : []), ...callers.slice(from)].join(joint)
    if (text.length <= width) return text
  }
  return ''
}

/** What a width is, at the left, and each colour at the right, on itself; the width gives way. */
function drawLegend(brush: Brush, { tree, pair, unit }: FlameShown): void {
  const swatches = pair
    ? CHANGE_LEGEND.map(([change, label]) => ({
        text: ` ${CHANGE_GLYPH[change]}${label} `,
        style: styleOfClass(change),
      }))
    : CLASS_LEGEND.filter(([kind]) => classesOf(tree.profile).has(kind)).map(([kind, label]) => ({
        text: ` ${label} `,
        style: styleOfClass(kind),
      }))
  const length = swatches.reduce((sum, { text }) => sum + text.length + 1, 0)
  const words = pair
    ? MEANING.pair.replace('%', pair.per === null ? MEANING.share : unitWords(unit, tree.profile))
    : MEANING.one.replace('%', unitWords(unit, tree.profile))
  if (words.length + length + 3 <= brush.width) brush.text(1, 0, words, ink.dim)
  let x = brush.width - length
  for (const { text, style } of swatches) x = brush.text(x, 0, text, style) + 1
}
