import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { box, boxesOf, click, describeFlames, detail, hashOf, options, WIDTH, widthOf } from './flame-page.ts'

const selectedText = (page: Page) => page.locator('.boxes .sel text').textContent()
const card = (page: Page) => page.locator('.card')

describeFlames('hands on a flame SVG', ({ open }) => {
  test('without a mouse: Tab reaches the boxes, arrows walk, Enter zooms, the cursor is told to screen readers', async () => {
    const page = await open(options)
    await tabTo(page, '.boxes')
    await expect.poll(() => selectedText(page)).toBe('all')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    expect(await selectedText(page)).toBe('serve')
    await page.keyboard.press('ArrowLeft')
    expect(await selectedText(page)).toBe('many')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    expect(await selectedText(page)).toBe('cacheGet')
    const focused = await page.evaluate<string>(
      `[document.activeElement.getAttribute('role'), document.activeElement.getAttribute('aria-label')].join(' ')`,
    )
    expect(focused).toContain('treeitem cacheGet, 150 µs/request')
    await page.keyboard.press('Enter')
    expect(await widthOf(page, 'cacheGet')).toBeGreaterThan(WIDTH * 0.95)
    await page.keyboard.press('ArrowUp')
    expect(await selectedText(page)).toBe('serve')
    await page.keyboard.press('s')
    expect(await page.locator('.chips').textContent()).toContain('around serve')
  })

  test('every control is a button with a name, reached by Tab and pressed by Enter and space', async () => {
    const page = await open(options)
    const unnamed = await page.evaluate<number>(
      `[...document.querySelectorAll('[role=button]')].filter((one) => !one.textContent.trim() && !one.getAttribute('aria-label')).length`,
    )
    expect(unnamed).toBe(0)
    const before = await widthOf(page, 'futex_wait')
    await tabTo(page, '.tool:has-text("reverse")')
    await page.keyboard.press('Enter')
    expect(await page.locator('.tool[aria-pressed=true]').allTextContents()).toContain('reverser')
    await page.keyboard.press('Space')
    expect(await widthOf(page, 'futex_wait')).toBe(before)
  })

  test('Esc takes one step: the field, the search, the cursor, the zoom', async () => {
    const page = await open(options)
    await click(page, 'serve')
    await page.keyboard.press('/')
    await page.keyboard.type('tcp')
    await expect.poll(() => page.locator('.match').count()).toBe(1)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Escape')
    expect(await page.locator('.match').count()).toBe(1)
    await page.keyboard.press('ArrowDown')
    expect(await page.locator('.sel').count()).toBe(1)
    await page.keyboard.press('Escape')
    expect(await page.locator('.match').count()).toBe(0)
    await page.keyboard.press('Escape')
    expect(await page.locator('.sel').count()).toBe(0)
    await page.keyboard.press('Escape')
    expect(await hashOf(page)).toBe('')
  })

  test('n says which of the matches is shown', async () => {
    const page = await open(options)
    await page.keyboard.press('/')
    await page.keyboard.type('ep_poll|futex')
    await page.keyboard.press('Enter')
    expect(await page.locator('.found').textContent()).toContain('1 of 2')
    await page.keyboard.press('n')
    expect(await page.locator('.found').textContent()).toContain('2 of 2')
  })

  test('nested matches count once in the unique share and again in the total', async () => {
    const page = await open(options, { hash: '#search=cacheGet%7Cmutex' })
    // 300 of 466 ms, twice.
    expect(await page.locator('.found').textContent()).toBe(
      'matched 64.4 % unique, 129 % total · 2 frames, 2 functions · – of 1',
    )
  })

  test('a box too narrow for text tells itself under the mouse, and is zoomed to by a click; the picture stays the same', async () => {
    const page = await open(options)
    await click(page, 'many')
    const before = await boxesOf(page)
    const at = await page.evaluate<{ x: number; y: number }>(`(() => {
      const path = [...document.querySelectorAll('.boxes path')].find((one) => one.rects.length > 5 && !one.rects[5].folded)
      const { x, w } = path.rects[5]
      const point = new DOMPoint(x + w * 0.3, 8).matrixTransform(path.getScreenCTM())
      return { x: point.x, y: point.y }
    })()`)
    await page.mouse.move(at.x, at.y)
    const title = page.locator('.boxes .link:hover title')
    await expect.poll(() => title.count()).toBe(1)
    const [name = '', ...numbers] = ((await title.textContent()) ?? '').split('\n')
    expect(name).toMatch(/^f\d+$/)
    expect(await detail(page)).toBe(name + numbers.join(' · '))
    expect(await boxesOf(page)).toEqual(before)
    await page.mouse.click(at.x, at.y)
    expect(await widthOf(page, name)).toBeGreaterThan(WIDTH * 0.95)
  })

  test('? shows the keys, Esc and a click close them', async () => {
    const page = await open(options)
    await page.keyboard.press('?')
    expect(await card(page).textContent()).toContain('collapse recursion')
    await page.keyboard.press('Escape')
    expect(await card(page).count()).toBe(0)
    await page.locator('.tool').filter({ hasText: 'keys' }).click()
    expect(await card(page).count()).toBe(1)
    await page.mouse.click(5, 690)
    expect(await card(page).count()).toBe(0)
  })

  test('a right click shows a box in full, with what can be done', async () => {
    const page = await open(options)
    await box(page, 'idle').click({ button: 'right' })
    expect(await card(page).textContent()).toContain('60 events')
    await card(page).getByText('drop the stacks through it').click()
    expect(await card(page).count()).toBe(0)
    expect(await widthOf(page, 'idle')).toBe(0)
  })

  test('a card stays inside the window, also of the lowest box at the right edge', async () => {
    const page = await open(options, { viewport: { width: 500, height: 420 } })
    await click(page, 'futex_wait')
    await box(page, 'futex_wait').click({ button: 'right', position: { x: 420, y: 5 } })
    const area = await card(page).locator('.sheet').boundingBox()
    expect(area?.x).toBeGreaterThanOrEqual(0)
    expect((area?.x ?? 0) + (area?.width ?? 0)).toBeLessThanOrEqual(500)
    expect((area?.y ?? 0) + (area?.height ?? 0)).toBeLessThanOrEqual(420)
  })

  test('# searches for the function under the mouse, whatever its name means as a pattern', async () => {
    const page = await open(options, { hash: '#focus=std%3A%3Amap%3Cint%2C%20int%3E%3A%3Afind(int%20const%26)' })
    await box(page, 'std::map<int, int>::find(int const&)').hover()
    await page.keyboard.press('#')
    expect(await page.locator('.found').textContent()).toContain('1 frame, 1 function · – of 1')
    expect(await page.locator('.match').count()).toBe(1)
  })

  test('with a finger: a tap zooms, a long press shows the box and does not zoom', async () => {
    const page = await open(options, { hasTouch: true, isMobile: true, viewport: { width: 420, height: 800 } })
    await box(page, 'serve').tap()
    expect(await hashOf(page)).toContain('node=')
    const at = await box(page, 'cacheGet').boundingBox()
    if (!at) throw new Error('cacheGet is not drawn')
    const before = await hashOf(page)
    const touch = await page.context().newCDPSession(page)
    const point = { x: at.x + at.width / 2, y: at.y + at.height / 2 }
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point] })
    await card(page).waitFor()
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    expect(await card(page).textContent()).toContain('cacheGet')
    expect(await hashOf(page)).toBe(before)
    await card(page).getByText('focus: only stacks through it').tap()
    expect(await page.locator('.chips').textContent()).toContain('through cacheGet')
  })

  test('dark and light follow the system until the reader chooses; the choice is in the link', async () => {
    const paper = (page: Page) => page.evaluate<string>(`getComputedStyle(document.querySelector('.back')).fill`)
    const page = await open(options, { colorScheme: 'dark' })
    const dark = await paper(page)
    await page.emulateMedia({ colorScheme: 'light' })
    const light = await paper(page)
    expect(light).not.toBe(dark)
    await page.keyboard.press('t')
    expect(await paper(page)).toBe(dark)
    expect(await hashOf(page)).toBe('#theme=dark')
    await page.locator('.tool').filter({ hasText: 'dark' }).click()
    expect(await paper(page)).toBe(light)
    const linked = await open(options, { colorScheme: 'light', hash: '#theme=dark' })
    expect(await paper(linked)).toBe(dark)
  })

  test('printed: on paper colours, without controls, whatever is on the screen', async () => {
    const page = await open(options, { colorScheme: 'dark', hash: '#theme=dark' })
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.back')).fill`)).toBe('rgb(255, 255, 255)')
    expect(await page.locator('.controls').isVisible()).toBe(false)
    expect(await box(page, 'serve').isVisible()).toBe(true)
  })

  test('in a narrow window nothing is wider than it', async () => {
    const page = await open(
      { ...options, view: { base: '1', candidate: '2' } },
      { viewport: { width: 400, height: 800 } },
    )
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400)
    const widest = await page.evaluate<number>(
      `Math.max(...[...document.querySelectorAll('.head text, .movers text')].map((text) => text.getBoundingClientRect().right))`,
    )
    expect(widest).toBeLessThanOrEqual(400)
    expect((await boxesOf(page)).length).toBeGreaterThan(5)
  })
})

/** Presses Tab until the focus is there; fails when it never gets there. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    const isThere = await page
      .locator(selector)
      .first()
      .evaluate((element, active) => element === active, await page.evaluateHandle('document.activeElement'))
    if (isThere) return
  }
  throw new Error(`Tab does not reach ${selector}`)
}
