import type { Profile } from '../../audit/index.ts'
import { byName, frameClass, frameLabel } from '../../audit/index.ts'
import { GEOMETRY } from './geometry.ts'
import type { Judgement } from './judge.ts'
import type { FlameLayout, FlameRect } from './layout.ts'
import { matcherOf } from './search.ts'
import { BOX_CLASS } from './theme.ts'
import { tintOf } from './tint.ts'
import { xmlNumber, xmlText } from './xml.ts'

/**
 * The boxes as SVG text, one group per row. Plain strings: building a document costs 40 times as much, and its HTML
 * serialisation is not XML. What `describe` returns is XML already.
 */
export function drawBoxes(
  profile: Profile,
  placed: FlameLayout,
  verdict: Judgement | null,
  describe: (node: number, folded: number) => string,
  search = '',
): string {
  const classOf = boxClasses(profile, verdict)
  const textOf = boxTexts(profile)
  const isMatch = byName(profile, matcherOf(search))
  // One string that grows: the engine puts it together once, at the end. Rows that are joined would be copied twice.
  let boxes = ''
  let level = -1
  for (const rect of placed.rects) {
    if (rect.depth !== level) {
      if (level >= 0) boxes += '</g>\n'
      level = rect.depth
      boxes += `<g transform="translate(0 ${level * GEOMETRY.row})">\n`
    }
    const text = rect.width < GEOMETRY.minTextWidth ? '' : textOf(rect)
    const title = `<title>${describe(rect.node, rect.folded)}</title>`
    const box =
      `<rect class="${classOf(rect)}" x="${xmlNumber(rect.x)}" ` +
      `width="${xmlNumber(boxWidth(rect.width))}" height="${GEOMETRY.boxHeight}"`
    // Most boxes are too narrow for text: each element that they do not have shows sooner.
    const found = rect.folded === 0 && rect.node > 0 && isMatch(rect.node)
    boxes += text
      ? `<g${found ? ' class="match"' : ''}>${title}${box}/><text x="${xmlNumber(rect.x + 4)}" y="12">${text}</text></g>\n`
      : found
        ? `<g class="match">${box}>${title}</rect></g>\n`
        : `${box}>${title}</rect>\n`
  }
  return level < 0 ? '' : `${boxes}</g>\n`
}

/** A hair's breadth stays free between neighbours, but the narrowest boxes keep most of their pixel. */
const boxWidth = (width: number): number => width - Math.min(0.6, width * 0.3)

function boxClasses(profile: Profile, verdict: Judgement | null): (rect: FlameRect) => string {
  const classOfName = byName(profile, (name) => {
    const frame = frameClass(name)
    return frame === 'unknown' ? BOX_CLASS.unknown : `${BOX_CLASS[frame]}${tintOf(name)}`
  })
  return ({ node, folded }) => {
    if (folded > 0) return BOX_CLASS.folded
    if (verdict) return BOX_CLASS[verdict.changeOf(node)] + (verdict.isFew(node) ? ' few' : '')
    return node === 0 ? BOX_CLASS.root : classOfName(node)
  }
}

/** What stands on a box, as XML. */
function boxTexts(profile: Profile): (rect: FlameRect) => string {
  const labelOf = byName(profile, (name) => {
    const label = frameLabel(name)
    const xml = xmlText(label)
    // Where every character takes one place and stays as it is, cutting needs no look at each.
    return { label, xml, isPlain: xml === label && ONE_PLACE_EACH.test(label) }
  })
  return ({ node, folded, width }) => {
    const room = Math.floor((width - 7) / GEOMETRY.character)
    if (folded > 0) return room > 1 ? DOT.repeat(Math.min(3, room)) : ''
    const { label, xml, isPlain } = labelOf(node)
    if (!isPlain) return xmlText(clipWide(label, room))
    if (label.length <= room) return xml
    return room > 1 ? label.slice(0, room - 1) + DOTS : ''
  }
}

const [DOT, DOTS] = [xmlText('·'), xmlText('…')]
const ONE_PLACE_EACH = /^[\u0000-\u10ff]*$/

/** Cuts a name to `room` characters; glyphs from U+1100 on are taken for two. */
function clipWide(name: string, room: number): string {
  let kept = ''
  let used = 0
  for (const glyph of name) {
    used += glyph < '\u1100' ? 1 : 2
    if (used > room) return [...kept].length > 1 ? `${[...kept].slice(0, -1).join('')}…` : ''
    kept += glyph
  }
  return kept
}
