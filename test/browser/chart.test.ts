import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { timelineSvg } from '../../ui/index.ts'
import { syntheticCatalog, syntheticRun } from '../terminal/synthetic.ts'
import { describeInBrowser } from './browser.ts'

describeInBrowser('the picture of a run in a browser', ({ folder, newPage }) => {
  test.each([8, 60, 600])('no text of a run of %i seconds covers another, or leaves the picture', async (seconds) => {
    const boxes = await textsOf(await open(seconds, 'light'))
    expect(boxes.length).toBeGreaterThan(40)
    for (const [i, a] of boxes.entries()) {
      expect(a.left, a.text).toBeGreaterThanOrEqual(0)
      expect(a.right, a.text).toBeLessThanOrEqual(1200)
      for (const b of boxes.slice(i + 1)) expect(covers(a, b), `${a.text} and ${b.text}`).toBe(false)
    }
  })

  test.each(['light', 'dark'] as const)('every text stands out from a %s page', async (scheme) => {
    const page = await open(60, scheme)
    const paper = brightness(await page.evaluate<string>(`getComputedStyle(document.querySelector('.paper')).fill`))
    expect(paper > 128).toBe(scheme === 'light')
    for (const { text, fill } of await textsOf(page))
      expect(Math.abs(brightness(fill) - paper), text).toBeGreaterThan(90)
  })

  async function open(seconds: number, colorScheme: 'light' | 'dark'): Promise<Page> {
    const path = join(folder(), `${seconds}-${colorScheme}.svg`)
    await writeFile(path, await timelineSvg(syntheticRun(seconds).model, syntheticCatalog()))
    const page = await newPage({ colorScheme, viewport: { width: 1200, height: 900 } })
    await page.goto(`file://${path}`)
    return page
  }
})

interface TextBox {
  text: string
  fill: string
  left: number
  right: number
  top: number
  bottom: number
}

function textsOf(page: Page): Promise<TextBox[]> {
  // Text, because it runs in the page: its types are not those of this process.
  return page.evaluate<
    TextBox[]
  >(`[...document.querySelectorAll('text')].filter((text) => text.textContent).map((text) => {
    const { left, right, top, bottom } = text.getBoundingClientRect()
    return { text: text.textContent, fill: getComputedStyle(text).fill, left, right, top, bottom }
  })`)
}

/** Boxes of glyphs have air above and below: lines may touch by a little. */
const covers = (a: TextBox, b: TextBox): boolean =>
  Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 &&
  Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3

/** 0 (black) to 255 of a computed colour. */
function brightness(colour: string): number {
  const parts = (colour.match(/\d+/g) ?? []).slice(0, 3).map(Number)
  return parts.reduce((sum, part) => sum + part, 0) / parts.length
}
