import { expect, test } from 'vitest'
import { createProfile } from '../../audit/profile/build.ts'
import { movers } from '../../audit/profile/movers.ts'
import {
  box,
  boxesOf,
  classOf,
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

const compared = { ...options, view: { base: '1', candidate: '2' } }

describeFlames('two phases of a flame SVG compared', ({ open }) => {
  test('any two phases are compared, by mouse, and both sides are what a file of them shows', async () => {
    const page = await open(options)
    await pill(page, 'soak').click()
    await pill(page, 'stress', 'compare').click()
    expect(await page.locator('.facts').textContent()).toBe(
      'stress · 15 s · loss 3\u2003vs\u2003soak · 60 s · loss none',
    )
    const still = await open({ ...options, view: { base: '2', candidate: '3' } }, { scripts: false })
    expect(await boxesOf(page)).toEqual(await boxesOf(still))
    expect(await page.locator('.mover .mono').allTextContents()).toEqual(
      await still.locator('.mover .mono').allTextContents(),
    )
  })

  test('and by key: b what it is compared with, p what is shown, w swaps them', async () => {
    const page = await open(options)
    const label = () => page.locator('svg > title').textContent()
    await page.keyboard.press('b')
    expect(await label()).toContain('stress − baseline')
    await page.keyboard.press('w')
    expect(await label()).toContain('baseline − stress')
    await page.keyboard.press('p')
    expect(await label()).toContain('soak − stress')
    await page.keyboard.press('1')
    expect(await label()).toContain('baseline − stress')
    await page.keyboard.press('B')
    expect(await label()).toMatch(/: baseline$/)
  })

  test('of two phases, both compared, p swaps them', async () => {
    const page = await open({ ...options, columns: options.columns.slice(0, 2), view: { base: '1', candidate: '2' } })
    const label = () => page.locator('svg > title').textContent()
    expect(await label()).toContain('stress − baseline')
    await page.keyboard.press('p')
    expect(await label()).toContain('baseline − stress')
    await page.keyboard.press('P')
    expect(await label()).toContain('stress − baseline')
  })

  test('choosing the shown phase as what it is compared with swaps them', async () => {
    const page = await open(compared)
    await pill(page, 'stress', 'compare').click()
    expect(await page.locator('.facts').textContent()).toMatch(/^stress .*vs.*baseline/)
  })

  test('grown, shrunk, new and gone have their colours; what chance would do is grey; few events are hatched', async () => {
    const page = await open(compared)
    expect(await classOf(page, 'cacheGet')).toBe('g3')
    expect(await classOf(page, 'idle')).toBe('s3')
    expect(await classOf(page, 'many')).toBe('nw')
    // 30 waits of readBody's 70 are gone.
    expect(await page.locator('.boxes rect.go').count()).toBe(1)
    expect(await classOf(page, 'tcp_recvmsg')).toBe('eq')
    const few = createProfile('samples')
    few.add(['main', 'busy'], 900, 900, '1')
    few.add(['main', 'busy'], 1800, 1800, '2')
    few.add(['main', 'rare'], 4, 4, '1')
    const hatched = await open(compared, { of: few, hash: '' })
    await click(hatched, 'main')
    expect((await boxesOf(hatched)).filter(({ kind }) => kind?.includes('few')).length).toBe(1)
    expect((await boxesOf(hatched)).find(({ kind }) => kind?.includes('few'))?.fill).toContain('url("#pf-eq")')
  })

  test('a box tells both sides, the change, its interval and the events behind it', async () => {
    const page = await open(compared)
    await box(page, 'cacheGet').hover()
    expect(await detail(page)).toBe(
      'cacheGetbaseline 10.0 µs/request → stress 150 µs/request · +140 µs/request (×15) · 95 %: ×5.9 to ×41 · 310 events',
    )
    const still = await open(compared, { scripts: false })
    expect(await box(still, 'cacheGet').locator('..').locator('title').textContent()).toBe(
      (await detail(page))?.replace('cacheGet', 'cacheGet\n').replaceAll(' · ', '\n'),
    )
  })

  test('the list names what changed most, as the profile ranks it; a click zooms to it', async () => {
    const page = await open(compared)
    const expected = movers(server, { base: '1', candidate: '2', baseScale: 1 / 1000, candidateScale: 1 / 2000 }, 1000)
    const plain = (name: string): string => name.replace(/_\[.\]$/, '')
    const listed = () => page.locator('.mover .mono').allTextContents()
    const bySelf = expected.bySelf.filter(({ self }) => self.significant).map(({ name }) => plain(name))
    expect(bySelf.length).toBeGreaterThan(1)
    expect(await listed()).toEqual(bySelf)
    await page.locator('.rank').filter({ hasText: 'by total' }).click()
    const byTotal = expected.byTotal.filter(({ total }) => total.significant).map(({ name }) => plain(name))
    expect(byTotal).not.toEqual(bySelf)
    expect(await listed()).toEqual(byTotal)
    await page.locator('.mover').filter({ hasText: 'futex_wait' }).click()
    expect(await widthOf(page, 'futex_wait')).toBeGreaterThan(WIDTH * 0.6)
    await page.keyboard.press('m')
    expect(await page.locator('.mover').count()).toBe(0)
    expect(await widthOf(page, 'futex_wait')).toBeGreaterThan(WIDTH * 0.95)
    expect(await hashOf(page)).toContain('panel=closed')
    await page.locator('.tool').filter({ hasText: 'movers' }).click()
    expect(await listed()).toEqual(byTotal)
  })

  test('u changes from per request to shares of each total', async () => {
    const page = await open(compared)
    await box(page, 'cacheGet').hover()
    await page.keyboard.press('u')
    await box(page, 'idle').hover()
    expect(await detail(page)).toContain('baseline 58.5 % → stress 12.9 % · −45.7 % (×0.22)')
    expect(await page.locator('.meaning').textContent()).toContain('share of each total')
    await page.keyboard.press('u')
    await box(page, 'cacheGet').hover()
    expect(await detail(page)).toContain('150 µs/request')
  })

  test('the unit of a phase: what it is per request, in all, or as a share comes first', async () => {
    const page = await open(options)
    const first = async () => (await page.locator('.detail text').nth(1).textContent())?.split(' · ')[0]
    expect(await first()).toBe('233 µs/request')
    await page.keyboard.press('u')
    expect(await first()).toBe('466 ms')
    await page.keyboard.press('u')
    expect(await first()).toBe('100 % of stress')
    expect(await hashOf(page)).toBe('#unit=share')
  })

  test('without numbers of events nothing is called chance: every change has its colour', async () => {
    const untested = createProfile('ns')
    untested.add(['main', 'a'], 5e6, 0, '1')
    untested.add(['main', 'a'], 50e6, 0, '2')
    const page = await open(compared, { of: untested })
    expect(await classOf(page, 'a')).toBe('g3')
    expect(await page.locator('.meaning').textContent()).toContain('not tested')
    expect(await boxesOf(page)).toEqual(await boxesOf(await open(compared, { of: untested, scripts: false })))
  })
})
