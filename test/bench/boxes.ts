import { open } from 'node:fs/promises'
import type { Profile } from '../../audit/index.ts'
import { readFolded } from '../../audit/profile/folded.ts'
import { flameSvg } from '../../ui/flame/svg.ts'
import { spreadOf } from './statistics.ts'

/** Narrowest boxes drawn, px: ours, half of it, and flamegraph.pl's. */
const NARROWEST_PX = [1, 0.5, 0.1]
const ROUNDS = 9

/**
 * What a box costs: everything from the tree to the text (sums, layout, words, SVG) divided by the boxes, with warm code.
 * Beside it, in turns, the floor: the same boxes from parts that are all known. The ratio of the two does not depend on
 * how fast the machine is just now.
 */
export async function measureBoxes(path: string, print: (line: string) => void): Promise<void> {
  const file = await open(path)
  const { profile } = await readFolded(file)
  await file.close()
  for (const minWidth of NARROWEST_PX) {
    const draw = (): string => still(profile, minWidth)
    const boxes = boxesOf(draw())
    const ours: number[] = []
    const floor: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(usPer(boxes.length, draw))
      floor.push(usPer(boxes.length, () => written(boxes)))
    }
    const [us, floorUs] = [spreadOf(ours), spreadOf(floor)]
    print(
      `boxes from ${minWidth} px: ${boxes.length} of ${profile.size} nodes, ${us.median.toFixed(2)} us/box ` +
        `(${us.min.toFixed(2)}..${us.max.toFixed(2)}); only written ${floorUs.median.toFixed(2)} ` +
        `(${floorUs.min.toFixed(2)}..${floorUs.max.toFixed(2)}): ${(us.median / floorUs.median).toFixed(1)} times the floor`,
    )
  }
  const started = performance.now()
  const svg = flameSvg(profile, optionsOf(1))
  print(
    `whole SVG, ${profile.size} nodes inside: ${(performance.now() - started).toFixed(0)} ms, ${(svg.length / 1e6).toFixed(2)} MB`,
  )
}

const optionsOf = (minWidth: number) => ({
  title: 'bench',
  lines: [],
  columns: [{ key: 'all', label: 'all' }],
  view: { column: 'all' },
  minWidth,
})

const still = (profile: Profile, minWidth: number): string =>
  flameSvg(profile, { ...optionsOf(minWidth), interactive: false })

interface Box {
  title: string
  fill: string
  x: number
  width: number
  textX: number
  text: string
}

/** With text a box is a group, without it a rectangle alone. */
const RECT = `<rect class="([^"]*)" x="([^"]*)" width="([^"]*)" height="16"`
const LABELLED = new RegExp(`<g><title>([^<]*)</title>${RECT}/><text x="([^"]*)" y="12">([^<]*)</text></g>`, 'g')
const BARE = new RegExp(`${RECT}><title>([^<]*)</title></rect>`, 'g')

function boxesOf(svg: string): Box[] {
  const labelled = Array.from(svg.matchAll(LABELLED), ([, title = '', fill = '', x, width, textX, text = '']): Box => {
    return { title, fill, x: Number(x), width: Number(width), textX: Number(textX), text }
  })
  const bare = Array.from(svg.matchAll(BARE), ([, fill = '', x, width, title = '']): Box => {
    return { title, fill, x: Number(x), width: Number(width), textX: 0, text: '' }
  })
  const boxes = [...labelled, ...bare]
  const titles = svg.split('<title>').length - 2 // the picture has one of its own
  if (boxes.length !== titles) throw new Error(`${titles} boxes are drawn, ${boxes.length} were read`)
  return boxes
}

function written(boxes: readonly Box[]): string {
  let out = ''
  for (const { title, fill, x, width, textX, text } of boxes) {
    const box = `<rect class="${fill}" x="${x}" width="${width}" height="16"`
    out += text
      ? `<g><title>${title}</title>${box}/><text x="${textX}" y="12">${text}</text></g>\n`
      : `${box}><title>${title}</title></rect>\n`
  }
  return out
}

function usPer(boxes: number, make: () => string): number {
  const started = performance.now()
  // A string that is still in pieces is put together when it is searched.
  if (make().includes('\0')) throw new Error('an SVG holds no NUL')
  return ((performance.now() - started) * 1000) / boxes
}
