import { expect, test } from 'vitest'
import { createProfile, type ProfileBuilder } from '../../audit/profile/build.ts'
import { filter } from '../../audit/profile/combine.ts'
import { collapseRecursion, focus, hide, reverse, sandwich } from '../../audit/profile/reshape.ts'
import type { FlameSvgOptions } from '../../ui/flame/svg.ts'
import { type Box, box, boxesOf, click, describeFlames, hashOf, options, WIDTH, widthOf } from './flame-page.ts'

/** Stacks of few names, so that they share callers and recurse; two phases that differ. */
function randomProfile(seed: number): ProfileBuilder {
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return Math.floor(((state >>> 0) / 2 ** 32) * below)
  }
  const names = ['main', 'a', 'b', 'read_[k]', 'hot_[j]', '[unknown]', 'ns::f<int>(x &&)', 'ß 語']
  const profile = createProfile('ns')
  for (let i = 0; i < 60; i++) {
    const frames = Array.from({ length: 1 + random(7) }, () => names[random(names.length)] ?? '')
    for (const phase of ['1', '2']) {
      const events = random(3) === 0 ? random(400) : random(8)
      profile.add(frames, events * 1_000_000, events, phase)
    }
  }
  return profile
}
const views: FlameSvgOptions['view'][] = [{ column: '1' }, { base: '1', candidate: '2' }]
const is = (name: string) => (other: string) => other === name

describeFlames('other trees of a flame SVG', ({ open }) => {
  // What the viewer makes of the embedded stacks must be what the profile's own algebra makes of them.
  test.each<[string, string, (profile: ProfileBuilder) => ProfileBuilder]>([
    ['reversed', '#form=callers', reverse],
    ['with recursion collapsed', '#recursion=collapsed', collapseRecursion],
    [
      'reversed, with recursion collapsed',
      '#form=callers&recursion=collapsed',
      (all) => reverse(collapseRecursion(all)),
    ],
    ['with a frame hidden', '#hide=a', (all) => hide(all, is('a'))],
    [
      'with two frames hidden',
      '#hide=a%0Aread_%5Bk%5D',
      (all) => hide(all, (name) => name === 'a' || name === 'read_[k]'),
    ],
    ['with stacks dropped', '#drop=hot_%5Bj%5D', (all) => filter(all, 'without', is('hot_[j]'))],
    ['focused on a function', '#focus=b', (all) => filter(all, 'through', is('b'))],
  ])('%s, box for box what a file of such stacks shows', async (_, hash, made) => {
    for (const [i, view] of views.entries()) {
      const all = randomProfile(7 + i)
      const expected = await boxesOf(await open({ ...options, view }, { of: made(all), scripts: false }))
      expect(expected.length).toBeGreaterThan(10)
      expect(await boxesOf(await open({ ...options, view }, { of: all, hash }))).toEqual(expected)
    }
  })

  test('a sandwich is a function with its callers above and its callees below', async () => {
    const all = randomProfile(3)
    const page = await open({ ...options, view: { column: '1' } }, { of: all, hash: '#of=b' })
    const rows = rowsOf(await boxesOf(page))
    const { callers, callees } = sandwich(all, 'b')
    const upper = rowsOf(
      await boxesOf(await open({ ...options, view: { column: '1' } }, { of: callers, scripts: false })),
    )
    const lower = rowsOf(
      await boxesOf(await open({ ...options, view: { column: '1' } }, { of: callees, scripts: false })),
    )
    // Both begin with the root that holds all, and the function below it.
    const pivot = upper.length - 2
    expect(rows.slice(0, pivot)).toEqual(upper.slice(2).reverse())
    expect(rows[pivot]).toEqual(lower[1])
    expect(rows.slice(pivot + 1)).toEqual(lower.slice(2))
  })

  test('s makes a sandwich of the box under the mouse, and again of a caller; the chip takes it back', async () => {
    const page = await open(options)
    const before = await boxesOf(page)
    await box(page, 'ep_poll').hover()
    await page.keyboard.press('s')
    expect(await page.locator('.chips').textContent()).toContain('around ep_poll')
    expect(await widthOf(page, 'ep_poll')).toBeGreaterThan(WIDTH * 0.95)
    expect(await widthOf(page, 'idle')).toBeGreaterThan(WIDTH * 0.95)
    await box(page, 'idle').hover()
    await page.keyboard.press('s')
    expect(await page.locator('.chips').textContent()).toContain('around idle')
    await page.locator('.chip').click()
    expect(await boxesOf(page)).toEqual(before)
  })

  test('zooming into the callers of a sandwich leaves its callees alone', async () => {
    const all = createProfile('ns')
    for (const [stack, weight] of [
      ['one;f;x', 30],
      ['two;f;y', 10],
    ] as const)
      all.add(stack.split(';'), weight * 1e6, weight, '2')
    const page = await open(options, { of: all, hash: '#of=f' })
    const callees = [await widthOf(page, 'x'), await widthOf(page, 'y')]
    await click(page, 'two')
    expect(await widthOf(page, 'two')).toBeGreaterThan(WIDTH * 0.95)
    expect(await widthOf(page, 'one')).toBe(0)
    expect([await widthOf(page, 'x'), await widthOf(page, 'y')]).toEqual(callees)
  })

  test('drop, hide and focus work from buttons on the chosen box, are chips, and end with reset', async () => {
    const page = await open(options)
    const tool = (name: string) => page.locator('.tool').filter({ hasText: name })
    const before = await boxesOf(page)
    await click(page, 'idle')
    await tool('drop').click()
    expect(await widthOf(page, 'idle')).toBe(0)
    await click(page, 'cacheGet')
    await tool('hide').click()
    expect(await widthOf(page, 'cacheGet')).toBe(0)
    expect(await widthOf(page, 'pthread_mutex_lock')).toBeGreaterThan(0)
    await click(page, 'readBody')
    await tool('focus').click()
    expect(await page.locator('.chip').allTextContents()).toEqual([
      'through readBody×',
      'without idle×',
      'hidden cacheGet×',
    ])
    expect(await widthOf(page, 'many')).toBe(0)
    await page.keyboard.press('Home')
    await page.locator('.chip').filter({ hasText: 'through readBody' }).click()
    expect(await widthOf(page, 'many')).toBeGreaterThan(0)
    await page.locator('.reset').click()
    expect(await boxesOf(page)).toEqual(before)
    expect(await hashOf(page)).toBe('')
  })

  test('a tool that needs a box says so', async () => {
    const page = await open(options)
    await page.locator('.tool').filter({ hasText: 'focus' }).click()
    expect(await page.locator('.detail').textContent()).toContain('choose a box first')
  })

  test('the zoom stays on its stack when others are dropped', async () => {
    const page = await open(options)
    await click(page, 'readBody')
    await page.keyboard.press('Home')
    await box(page, 'idle').hover()
    await page.keyboard.press('x')
    await click(page, 'readBody')
    const zoomed = await boxesOf(page)
    await page.locator('.chip').click()
    expect(await boxesOf(page)).toEqual(zoomed)
  })

  test('every picture is a link: reversed, dropped and zoomed', async () => {
    const page = await open(options)
    await box(page, 'idle').hover()
    await page.keyboard.press('x')
    await page.keyboard.press('r')
    await click(page, 'futex_wait')
    const linked = await open(options, { hash: await hashOf(page) })
    expect(await boxesOf(linked)).toEqual(await boxesOf(page))
    await page.keyboard.press('Backspace')
    await page.keyboard.press('Backspace')
    await page.keyboard.press('Backspace')
    await expect.poll(() => hashOf(page)).toBe('')
  })

  test.each([
    '#of=nobody',
    '#focus=nobody&drop=main%0Anobody',
    '#form=sideways&recursion=1',
    '#of=all',
    '#node=7&of=main',
  ])('a link that does not fit shows what does: %s', async (hash) => {
    expect((await boxesOf(await open(options, { hash }))).length).toBeGreaterThan(2)
  })

  test('what is left when every stack is dropped is an empty picture, not an error', async () => {
    const page = await open(options, { hash: '#drop=main' })
    expect((await boxesOf(page)).map(({ text }) => text)).toEqual(['all'])
    expect(focus(createProfile('ns'), () => true).size).toBe(1)
  })
})

/** By row from the top: names, places and colours. */
function rowsOf(boxes: Box[]): Omit<Box, 'row'>[][] {
  const rows = new Map<string, Omit<Box, 'row'>[]>()
  for (const { row, ...rest } of boxes) rows.set(row ?? '', [...(rows.get(row ?? '') ?? []), rest])
  return [...rows.values()]
}
