import type { Profile } from '../../audit/index.ts'
import { frameClass, frameLabel, nodeName } from '../../audit/index.ts'
import { GEOMETRY } from './geometry.ts'
import type { Judgement } from './judge.ts'
import type { FlameLayout, FlameRect } from './layout.ts'
import { BOX_CLASS } from './theme.ts'
import { tintOf } from './tint.ts'
import { xmlNumber, xmlText } from './xml.ts'

/**
 * The boxes as SVG text, one group per row. Plain strings: building a document costs 40 times as much, and its HTML
 * serialisation is not XML.
 */
export function drawBoxes(
  profile: Profile,
  placed: FlameLayout,
  verdict: Judgement | null,
  describe: (node: number, folded: number) => string,
): string {
  const rows: string[] = []
  let level = -1
  for (const rect of placed.rects) {
    if (rect.depth !== level) {
      if (level >= 0) rows.push('</g>\n')
      level = rect.depth
      rows.push(`<g transform="translate(0 ${level * GEOMETRY.row})">\n`)
    }
    // A line each, as browsers show it.
    const title = xmlText(describe(rect.node, rect.folded).replaceAll(' · ', '\n'))
    const text = boxText(profile, rect)
    const box =
      `<rect class="${boxClass(profile, verdict, rect)}" x="${xmlNumber(rect.x)}" ` +
      `width="${xmlNumber(boxWidth(rect.width))}" height="${GEOMETRY.boxHeight}"`
    // Most boxes are too narrow for text: each element that they do not have shows sooner.
    rows.push(
      text
        ? `<g><title>${title}</title>${box}/><text x="${xmlNumber(rect.x + 4)}" y="12">${xmlText(text)}</text></g>\n`
        : `${box}><title>${title}</title></rect>\n`,
    )
  }
  if (level >= 0) rows.push('</g>\n')
  return rows.join('')
}

/** A hair's breadth stays free between neighbours, but the narrowest boxes keep most of their pixel. */
const boxWidth = (width: number): number => width - Math.min(0.6, width * 0.3)

function boxClass(profile: Profile, verdict: Judgement | null, rect: FlameRect): string {
  if (rect.folded > 0) return BOX_CLASS.folded
  if (verdict) return BOX_CLASS[verdict.changeOf(rect.node)] + (verdict.isFew(rect.node) ? ' few' : '')
  if (rect.node === 0) return BOX_CLASS.root
  const name = nodeName(profile, rect.node)
  const frame = frameClass(name)
  return frame === 'unknown' ? BOX_CLASS.unknown : `${BOX_CLASS[frame]}${tintOf(name)}`
}

function boxText(profile: Profile, rect: FlameRect): string {
  if (rect.width < GEOMETRY.minTextWidth) return ''
  const room = Math.floor((rect.width - 7) / GEOMETRY.character)
  if (rect.folded > 0) return room > 1 ? '···'.slice(0, room) : ''
  return clipWide(frameLabel(nodeName(profile, rect.node)), room)
}

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
