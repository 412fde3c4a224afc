import { frameLabel, type Profile } from '../../audit/index.ts'
import { changeLine, changeText, deltaText } from './describe.ts'
import { GEOMETRY } from './geometry.ts'
import { intervalText } from './judge.ts'
import { MOST_MOVERS, moversOf } from './movers.ts'
import type { ShownPair } from './shown.ts'
import { BOX_CLASS } from './theme.ts'
import { xmlText } from './xml.ts'

/** The first lines of the list of what changed most, as the viewer draws it too. */
export function drawMovers(
  profile: Profile,
  pair: ShownPair,
  isTested: boolean,
  place: { x: number; y: number; width: number },
): { text: string; height: number } {
  const { x, y, width } = place
  const { moverRow, character } = GEOMETRY
  const movers = moversOf(profile, pair.columns, isTested)
  const shown = movers.slice(0, GEOMETRY.movers)
  const room = Math.floor((width - 150) / character)
  const rows = shown.map(({ name, base, candidate, change, interval }, i) => {
    const label = frameLabel(name)
    const title = [label, changeLine(profile, pair, base, candidate), interval ? intervalText(interval) : '']
    return (
      `<g class="mover" transform="translate(0 ${22 + i * moverRow})"><title>${xmlText(title.filter(Boolean).join('\n'))}</title>` +
      `<rect class="${BOX_CLASS[change]}" y="3" width="10" height="12"/>` +
      `<text class="mono" x="16" y="13">${xmlText(clipEnd(label, room))}</text>` +
      `<text class="end" x="${width - 46}" y="13">${xmlText(deltaText(profile, pair, base, candidate))}</text>` +
      `<text class="quiet end" x="${width}" y="13">${xmlText(changeText(base, candidate))}</text></g>\n`
    )
  })
  const last = lastLine(movers.length, shown.length, isTested)
  const end = 22 + shown.length * moverRow + 14
  const text =
    `<g class="movers" transform="translate(${x} ${y})">\n<text class="strong" y="13">Top movers</text>` +
    `<text class="small quiet" x="84" y="13">by own weight</text>\n${rows.join('')}` +
    `${last ? `<text class="quiet small" y="${end}">${last}</text>\n` : ''}</g>\n`
  return { text, height: end + 12 }
}

function lastLine(all: number, shown: number, isTested: boolean): string {
  const beyond = isTested ? ' by more than chance would' : ''
  if (all === 0) return `no function changed${beyond}`
  return all > shown ? `${all === MOST_MOVERS ? 'over ' : ''}${all - shown} more changed${beyond}` : ''
}

function clipEnd(text: string, room: number): string {
  const glyphs = [...text]
  return glyphs.length > room ? `${glyphs.slice(0, room - 1).join('')}…` : text
}
