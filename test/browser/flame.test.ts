import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createProfile } from '../../audit/profile/build.ts'
import { type FlameSvgOptions, flameSvg } from '../../ui/flame/svg.ts'

const CHROMIUM = '/usr/bin/chromium'
const WIDTH = 1200

const profile = createProfile('ns')
for (const [stack, baseline, stress] of [
  ['main;serve_[j];cacheGet_[j];pthread_mutex_lock;futex_wait_[k]', 10, 300],
  ['main;serve_[j];readBody_[j];tcp_recvmsg_[k]', 40, 45],
  ['main;serve_[j];readBody_[j];ep_poll_[k]', 30, 0],
  ['main;idle;ep_poll_[k]', 120, 60],
  ['main;[unknown]', 0, 15],
  ['main;std::map<int, int>::find(int const&)', 5, 5],
] as const) {
  profile.add(stack.split(';'), baseline * 1e6, baseline, '1')
  profile.add(stack.split(';'), stress * 1e6, stress, '2')
}
for (let i = 0; i < 2000; i++) profile.add(['main', 'many', `f${i % 900}`], 1000 * (1 + (i % 40)), 1, '2')

const options: FlameSvgOptions = {
  title: 'Off-CPU: where threads waited',
  lines: ['probe off-cpu · api[4242] · host web-1'],
  columns: [
    { key: '1', label: 'baseline', facts: '10 s · loss none', divide: { by: 1000, per: 'request' } },
    { key: '2', label: 'stress', facts: '15 s · loss 3', divide: { by: 2000, per: 'request' } },
  ],
  view: { column: '2' },
}

describe.skipIf(!existsSync(CHROMIUM))(`a flame SVG in a browser (needs ${CHROMIUM})`, () => {
  let browser: Browser
  let folder: string
  const complaints: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'probe-flame-'))
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true })
  })
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close()
    expect(complaints.splice(0)).toEqual([])
  })

  test('the viewer draws what the file shows without it, box for box', async () => {
    for (const view of [{ column: '1' }, { column: '2' }, { base: '1', candidate: '2' }] as const) {
      const svg = { ...options, view }
      const still = await boxesOf(await open(svg, { scripts: false }))
      expect(still.length).toBeGreaterThan(10)
      expect(await boxesOf(await open(svg))).toEqual(still)
    }
  })

  test('without scripts, boxes and names are visible', async () => {
    const page = await open(options, { scripts: false })
    expect(await page.getByText('cacheGet', { exact: true }).isVisible()).toBe(true)
    expect(await page.getByText('stress · 15 s · loss 3').isVisible()).toBe(true)
    const fills = (await boxesOf(page)).map((box) => box.fill)
    expect(new Set(fills).size).toBeGreaterThan(4)
    expect(fills).not.toContain('rgb(0, 0, 0)')
  })

  test('inside an <img> the picture is drawn', async () => {
    await writeFile(
      join(folder, 'img.html'),
      '<!doctype html><title>x</title><link rel="icon" href="data:,"><body style="margin:0"><img src="img.svg">',
    )
    await writeFile(join(folder, 'img.svg'), flameSvg(profile, options))
    const clip = { x: 0, y: 0, width: WIDTH, height: 300 }
    const page = await newPage({})
    await page.goto(`file://${join(folder, 'img.html')}`)
    const inside = await page.screenshot({ clip })
    const alone = await newPage({ scripts: false })
    await alone.goto(`file://${join(folder, 'img.svg')}`)
    expect(inside.equals(await alone.screenshot({ clip }))).toBe(true)
  })

  test('a click zooms, backspace goes back, reset shows all', async () => {
    const page = await open(options)
    const before = await widthOf(page, 'readBody')
    await click(page, 'readBody')
    const zoomed = await widthOf(page, 'readBody')
    expect(zoomed).toBeGreaterThan(WIDTH * 0.95)
    expect(await widthOf(page, 'serve')).toBe(zoomed)
    expect(await detail(page)).toContain('100 % of the zoom')
    await click(page, 'tcp_recvmsg')
    await page.keyboard.press('Backspace')
    expect(await page.evaluate('location.hash')).toContain('node=')
    await expect.poll(() => widthOf(page, 'cacheGet')).toBe(0)
    await page.locator('.reset').click()
    expect(await widthOf(page, 'readBody')).toBe(before)
    expect(await page.evaluate('location.hash')).toBe('')
  })

  test('search marks matches in the whole profile and says how much they are', async () => {
    const page = await open(options)
    await page.keyboard.press('/')
    await page.keyboard.type('mutex|ep_poll')
    // 300 and 60 of 466 ms in stress: 425 ms of the stacks above, 41 ms of the many narrow ones.
    await expect.poll(() => page.locator('.found').textContent()).toBe('matched 77.3 % · 2 frames, 2 functions')
    expect(await page.locator('.match').count()).toBe(2)
    await page.keyboard.press('Enter')
    expect(await widthOf(page, 'pthread_mutex_lock')).toBeGreaterThan(WIDTH * 0.95)
    await page.keyboard.press('n')
    expect(await widthOf(page, 'ep_poll')).toBeGreaterThan(WIDTH * 0.95)
    await page.keyboard.press('N')
    expect(await widthOf(page, 'pthread_mutex_lock')).toBeGreaterThan(WIDTH * 0.95)
    await page.keyboard.press('Escape')
    expect(await page.locator('.match').count()).toBe(0)
    expect(await page.locator('.found').textContent()).toBe('')
  })

  test('a half-typed pattern is looked for as text', async () => {
    const page = await open(options)
    await page.keyboard.press('/')
    await page.keyboard.type('find(')
    await expect.poll(() => page.locator('.found').textContent()).toContain('1 frame, 1 function')
  })

  test('phases switch by click and by key', async () => {
    const page = await open(options)
    const stress = await widthOf(page, 'cacheGet')
    await page.locator('.tabs g').filter({ hasText: 'baseline' }).click()
    expect(await widthOf(page, 'cacheGet')).toBeLessThan(stress / 4)
    expect(await page.locator('.facts').textContent()).toBe('baseline · 10 s · loss none')
    await page.keyboard.press('p')
    expect(await widthOf(page, 'cacheGet')).toBe(stress)
  })

  test('a difference shows new and gone, and its phases alone', async () => {
    const page = await open({ ...options, view: { base: '1', candidate: '2' } })
    expect(await classOf(page, 'many')).toBe('nw')
    expect(await classOf(page, 'cacheGet')).toBe('g3')
    expect(await page.locator('rect.go').count()).toBeGreaterThan(1)
    await page
      .locator('.tabs g')
      .filter({ hasText: /^stress$/ })
      .click()
    expect(await classOf(page, 'cacheGet')).toMatch(/^j\d$/)
  })

  test('a link opens the same view: phase, zoom and search', async () => {
    const page = await open(options)
    await page.locator('.tabs g').filter({ hasText: 'baseline' }).click()
    await click(page, 'readBody')
    await page.keyboard.press('/')
    await page.keyboard.type('tcp')
    await expect.poll(() => page.locator('.match').count()).toBe(1)
    const linked = await newPage({})
    await linked.goto(page.url())
    await linked.waitForSelector('svg[data-ready]')
    expect(await boxesOf(linked)).toEqual(await boxesOf(page))
    expect(await linked.evaluate(`document.querySelector('.field').value`)).toBe('tcp')
  })

  test.each(['#node=99999', '#node=-1', '#node=x&view=nothing&order=%00', '#search=%5B'])(
    'opens with the link %s',
    async (hash) => {
      const page = await open(options, { hash })
      expect(await page.locator('.boxes rect').count()).toBeGreaterThan(10)
    },
  )

  test('fits the window', async () => {
    const page = await open(options)
    await page.setViewportSize({ width: 700, height: 500 })
    await expect.poll(() => widthOf(page, 'main')).toBeLessThan(700)
    await expect.poll(() => widthOf(page, 'main')).toBeGreaterThan(600)
  })

  test('names are text, never markup', async () => {
    const hostile = createProfile('ns')
    hostile.add(['<svg onload="alert(1)">', ']]><script>alert(1)</script>'], 5e6, 1, '2')
    const page = await open(options, { of: hostile })
    expect(await page.locator('.boxes script').count()).toBe(0)
    expect(await page.getByText(']]><script>alert(1)</script>', { exact: true }).first().isVisible()).toBe(true)
  })

  let files = 0
  async function open(
    svg: FlameSvgOptions,
    how: { scripts?: boolean; hash?: string; of?: typeof profile } = {},
  ): Promise<Page> {
    const path = join(folder, `${files++}.svg`)
    await writeFile(path, flameSvg(how.of ?? profile, svg))
    const page = await newPage(how)
    await page.goto(`file://${path}${how.hash ?? ''}`)
    if (how.scripts !== false) await page.waitForSelector('svg[data-ready]')
    return page
  }

  async function newPage(how: { scripts?: boolean }): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: WIDTH, height: 700 },
      javaScriptEnabled: how.scripts !== false,
    })
    const page = await context.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`))
    return page
  }
})

// The widest box of that name, as drawn; 0 when there is none.
async function widthOf(page: Page, name: string): Promise<number> {
  const widths = (await boxesOf(page)).filter((box) => box.text === name).map((box) => Number(box.width))
  return Math.max(0, ...widths)
}

const classOf = async (page: Page, name: string): Promise<string | undefined> =>
  (await boxesOf(page)).find((box) => box.text === name)?.kind ?? undefined

const detail = (page: Page): Promise<string | null> => page.locator('.detail').textContent()

const click = (page: Page, name: string): Promise<void> =>
  page
    .locator('.boxes > g > g', { has: page.getByText(name, { exact: true }) })
    .locator('rect')
    .first()
    .click({ position: { x: 5, y: 5 } })

interface Box {
  x: string | null
  width: string | null
  kind: string | null
  fill: string
  row: string | null
  text: string
}

function boxesOf(page: Page): Promise<Box[]> {
  // Text, because it runs in the page: its types are not those of this process.
  return page.evaluate<Box[]>(`[...document.querySelectorAll('.boxes rect')].map((rect) => ({
    x: rect.getAttribute('x'),
    width: rect.getAttribute('width'),
    kind: rect.getAttribute('class'),
    fill: getComputedStyle(rect).fill,
    row: rect.parentElement.parentElement.getAttribute('transform'),
    text: rect.parentElement.querySelector('text')?.textContent ?? '',
  }))`)
}
