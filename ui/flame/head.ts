import type { Profile } from '../../audit/index.ts'
import { frameClass } from '../../audit/index.ts'
import { GEOMETRY } from './geometry.ts'
import type { Shown } from './shown.ts'
import { BOX_CLASS, CHANGE_LEGEND, CLASS_LEGEND } from './theme.ts'
import { xmlNumber, xmlText } from './xml.ts'

export interface HeadText {
  title: string
  lines: readonly string[]
  shown: Shown
  /** how to read a width and a colour, and what is missing */
  meaning: string
  /** the whole in words, as `describeNodes` makes it */
  root: string
  width: number
}

/** What stands above the boxes of a still picture. The viewer replaces it by its own, with controls. */
export function drawHead(profile: Profile, head: HeadText): { text: string; height: number } {
  const { margin, line, titleY } = GEOMETRY
  const { title, lines, shown, meaning, root, width } = head
  const texts = [`<text class="title" x="${margin}" y="${titleY}">${xmlText(title)}</text>`]
  let y = titleY + 6
  const add = (kind: string, text: string): void => {
    y += line
    texts.push(`<text class="${kind}" x="${margin}" y="${y}">${xmlText(text)}</text>`)
  }
  for (const text of lines) add('quiet', text)
  add('facts', shown.facts)
  add('quiet meaning', meaning)
  const tabs = y + 11
  const pill = pillWidth(shown.label)
  texts.push(
    `<g class="tabs" transform="translate(${margin} ${tabs})"><g class="on"><rect class="pill" width="${pill}" height="22" rx="11"/>` +
      `<text class="mid" x="${pill / 2}" y="15">${xmlText(shown.label)}</text></g></g>`,
  )
  texts.push(drawLegend(profile, shown.pair !== null, width - margin, tabs))
  const [name = '', ...numbers] = root.split('\n')
  y = tabs + 26
  texts.push('<g class="detail">')
  add('strong', name)
  add('numbers', numbers.join(' · '))
  const height = y + 12
  texts.push(`</g>\n<path class="rule" d="M${margin} ${height - 5.5}H${width - margin}"/>`)
  const back = `<rect class="paper headback" width="${width}" height="${height - 3}"/>\n`
  return { text: `${back}${texts.join('\n')}\n`, height }
}

/** Width of a tab, px, guessed from its characters: measuring text needs a browser. */
const pillWidth = (label: string): number => Math.round([...label].length * 7 + 24)

/** Hangs from its right end. */
function drawLegend(profile: Profile, isPair: boolean, x: number, y: number): string {
  return `<g class="legend" transform="translate(${x} ${y})">${isPair ? changeSwatches() : classSwatches(profile)}</g>`
}

function changeSwatches(): string {
  let right = 0
  const swatches: string[] = []
  for (const [change, label] of [...CHANGE_LEGEND].reverse()) {
    const width = Math.max(40, label.length * 6 + 12)
    right -= width
    swatches.push(
      `<rect class="${BOX_CLASS[change]}" x="${right + 1}" y="3" width="${width - 2}" height="16"/>` +
        `<text class="small mid" x="${right + width / 2}" y="15">${xmlText(label)}</text>`,
    )
  }
  return swatches.join('')
}

function classSwatches(profile: Profile): string {
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
  return swatches.join('')
}
