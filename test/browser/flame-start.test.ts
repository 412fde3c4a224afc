import { expect, test } from 'vitest'
import { findPath } from '../../audit/profile/frame.ts'
import type { FlameSvgOptions } from '../../ui/flame/svg.ts'
import {
  type Box,
  boxesOf,
  click,
  describeFlames,
  detail,
  hashOf,
  options,
  pill,
  server,
  WIDTH,
  widthOf,
} from './flame-page.ts'

/** Rows may stand in the file from either end. */
const inOrder = (boxes: readonly Box[]): Box[] =>
  boxes.toSorted((a, b) => String(a.row).localeCompare(String(b.row)) || Number(a.x) - Number(b.x))

const lock = findPath(server, ['main', 'serve_[j]', 'cacheGet_[j]']) ?? 0

describeFlames('a flame SVG that begins where its reader stood', ({ open }) => {
  type Case = [what: string, start: FlameSvgOptions['start'], view?: FlameSvgOptions['view']]
  test.each<Case>([
    ['zoomed', { node: lock }],
    ['as a sandwich', { of: 'ep_poll_[k]' }],
    ['as a sandwich of two phases', { of: 'ep_poll_[k]' }, { base: '1', candidate: '2' }],
    ['in shares of two phases', { unit: 'share' }, { base: '1', candidate: '2' }],
  ])('%s: box for box the same without scripts and with them', async (_, start = {}, view = { column: '2' }) => {
    for (const invert of [false, true]) {
      const picture = { ...options, view, start, invert }
      const still = inOrder(await boxesOf(await open(picture, { scripts: false })))
      const shown = await open(picture)
      expect(still.length).toBeGreaterThanOrEqual(3)
      expect(inOrder(await boxesOf(shown))).toEqual(still)
      expect(await hashOf(shown)).toBe('')
    }
  })

  test('marks what is searched for without scripts, too', async () => {
    const picture = { ...options, start: { search: 'poll' } }
    for (const scripts of [false, true]) {
      const page = await open(picture, { scripts })
      const found = await page.locator('.boxes .match text').allTextContents()
      expect(new Set(found)).toEqual(new Set(['ep_poll']))
    }
    const page = await open(picture)
    expect(await page.locator('.found').textContent()).toMatch(/^matched /)
  })

  test('is left, linked to and come back to as any other view', async () => {
    const page = await open({ ...options, start: { of: 'ep_poll_[k]', unit: 'total' } })
    expect(await detail(page)).toMatch(/^ep_poll60\.0 ms · /)
    await page.locator('.chip').click()
    expect(await hashOf(page)).toBe('#of=')
    expect(await widthOf(page, 'main')).toBeGreaterThan(WIDTH * 0.9)
    await page.reload()
    await page.waitForSelector('svg[data-ready]')
    expect(await widthOf(page, 'main')).toBeGreaterThan(WIDTH * 0.9)
    await page.locator('.reset').click()
    expect(await page.locator('.chips').textContent()).toContain('around ep_poll')
  })

  test('zooms out of where it begins', async () => {
    const page = await open({ ...options, start: { node: lock } })
    expect(await widthOf(page, 'cacheGet')).toBeGreaterThan(WIDTH * 0.95)
    await page.keyboard.press('Home')
    expect(await hashOf(page)).toBe('#node=0')
    expect(await widthOf(page, 'cacheGet')).toBeLessThan(WIDTH * 0.9)
    await page.keyboard.press('Backspace')
    expect(await widthOf(page, 'cacheGet')).toBeGreaterThan(WIDTH * 0.95)
    await pill(page, 'baseline').click()
    await click(page, 'main')
    expect(await widthOf(page, 'idle')).toBeGreaterThan(0)
  })

  test('says what 100 % are where that is not a whole phase', async () => {
    for (const scripts of [false, true]) {
      const page = await open({ ...options, whole: 'what is shown' }, { scripts })
      expect(await detail(page)).toContain('100 % of what is shown')
    }
  })
})
