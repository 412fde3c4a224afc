import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import { createProfile, type ProfileBuilder } from '../../audit/profile/build.ts'
import { type FlameSvgOptions, flameSvg } from '../../ui/flame/svg.ts'
import { viewerScript } from '../../ui/flame/viewer/script.ts'

/**
 * What a large flame graph costs its reader: `node test/bench/flame-browser.ts [NODES] [ROUNDS]`. A profile of 375 000
 * nodes, 40 frames deep, two phases, its function names made of the words in our test programs; opened from a file in
 * chromium (/usr/bin/chromium), with real clicks and keys, once a new window's own start is over (it takes a second of
 * both cores, which is not the picture's). "shown" is from the event to the frame that shows its result;
 * "work" is what the page's main thread computed for it, which a busy machine changes less.
 */
const CHROMIUM = '/usr/bin/chromium'
const nodes = Number(process.argv[2] ?? 375_000)
const rounds = Number(process.argv[3] ?? 3)

// Runs in the page: from an input event to the second frame after it, which is when its picture is on the screen.
const WATCH = `
  window.seen = null
  window.forget = () => { seen = null }
  window.lastMs = (kind) => performance.getEntriesByName('probe ' + kind).at(-1).duration
  window.shownAfterLoad = () => new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))
  for (const type of ['click', 'keydown', 'input'])
    addEventListener(type, (event) => {
      const from = event.timeStamp
      requestAnimationFrame(() => setTimeout(() => { seen = { ms: performance.now() - from } }))
    }, true)
`

const clickBox = async (page: Page, row: number): Promise<void> => {
  // A box of its own, or one of those that share a path.
  const box = await page.evaluate<{ x: number; y: number } | null>(`(() => {
    const row = [...document.querySelectorAll('.boxes > g')][${row}]
    const rects = [...row.children].flatMap((one) => one.rects ?? one.rect).filter((rect) => !rect.folded)
    const best = rects.sort((a, b) => b.w - a.w)[0]
    return best && new DOMPoint(best.x + best.w / 2, 8).matrixTransform(row.getScreenCTM())
  })()`)
  if (!box) throw new Error('no box to click')
  await page.mouse.click(box.x, box.y)
}

const FIRST_PAINT = `performance.getEntriesByName('first-contentful-paint')[0].startTime`

const type = async (page: Page, text: string): Promise<void> => {
  await page.keyboard.press('/')
  await page.waitForFunction('seen !== null')
  await page.evaluate('forget()')
  await page.keyboard.insertText(text)
}

const key = (name: string) => (page: Page) => page.keyboard.press(name)
const ACTIONS: [string, (page: Page) => Promise<void>][] = [
  ['zoom: click on a box of the 3rd row', (page) => clickBox(page, 2)],
  ['zoom: click on a box of the 8th row', (page) => clickBox(page, 7)],
  ['zoom out to the whole', key('Home')],
  ['search: one letter more in the field', (page) => type(page, 'wait|lock|accept')],
  ['search: every function', (page) => type(page, '.')],
  ['search: none', key('Escape')],
  ['search: cleared', key('Escape')],
  ['the other phase', key('p')],
  ['reverse', key('r')],
  ['reverse: back', key('r')],
  ['zoom: to a box of the 5th row', (page) => clickBox(page, 4)],
  ['sandwich of that function', key('s')],
  ['sandwich: back', (page) => page.locator('.chip').first().click()],
  ['collapse recursion', key('c')],
]

/** Waits until the browser's processes have next to nothing to do: three tenths of a second in a row. */
async function settled(browser: CDPSession): Promise<void> {
  let before = 0
  for (let calm = 0; calm < 3; ) {
    await new Promise((done) => setTimeout(done, 100))
    const { processInfo } = await browser.send('SystemInfo.getProcessInfo')
    const cpuSeconds = processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0)
    calm = cpuSeconds - before < 0.02 ? calm + 1 : 0
    before = cpuSeconds
  }
}

const folder = await mkdtemp(join(tmpdir(), 'probe-flame-bench-'))
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const words = await wordsOfFixtures()
  console.log(`viewer script ${(viewerScript().length / 1024).toFixed(1)} KiB`)
  for (const unit of ['samples', 'ns'] as const) {
    const profile = profileOf(nodes, unit, words)
    for (const kind of ['one phase', 'two phases compared'] as const) await measure(browser, profile, kind)
  }
} finally {
  await browser.close()
  await rm(folder, { recursive: true })
}

async function measure(browser: Browser, profile: ProfileBuilder, kind: 'one phase' | 'two phases compared') {
  const path = join(folder, 'bench.svg')
  const options: FlameSvgOptions = {
    title: 'bench',
    lines: ['generated'],
    columns: [
      { key: 'baseline', label: 'baseline', divide: { by: 40_000, per: 'request' } },
      { key: 'stress', label: 'stress', divide: { by: 60_000, per: 'request' } },
    ],
    view: kind === 'one phase' ? { column: 'baseline' } : { base: 'baseline', candidate: 'stress' },
  }
  const started = performance.now()
  await writeFile(path, flameSvg(profile, options))
  const writtenMs = performance.now() - started
  const { size } = await stat(path)
  console.log(
    `\n${profile.unit}, ${kind}: ${profile.size} nodes, ${(size / 1e6).toFixed(2)} MB, written in ${writtenMs.toFixed(0)} ms`,
  )
  const figures = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 } })
    const page = await context.newPage()
    await page.addInitScript(WATCH)
    const devtools = await context.newCDPSession(page)
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
    const workMs = async (): Promise<number> => {
      const { metrics } = await devtools.send('Performance.getMetrics')
      return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN)
    }
    const note = (what: string, ms: number): void => {
      figures.set(what, [...(figures.get(what) ?? []), ms])
    }
    await settled(await browser.newBrowserCDPSession())
    await page.goto(`file://${path}`)
    await page.waitForSelector('svg[data-ready]')
    note('load: viewer ready, shown', await page.evaluate<number>('shownAfterLoad()'))
    note('load: viewer ready, work', await workMs())
    note('load: boxes on the screen, shown', await page.evaluate<number>(FIRST_PAINT))
    for (const [what, act] of ACTIONS) {
      await page.evaluate('forget()')
      const before = await workMs()
      await act(page)
      await page.waitForFunction('seen !== null')
      note(`${what}, shown`, await page.evaluate<number>('seen.ms'))
      note(`${what}, work`, (await workMs()) - before)
      const kinds = /^search/.test(what)
        ? ['search']
        : /^(reverse|sandwich|drop|collapse)/.test(what)
          ? ['tree', 'weights']
          : []
      for (const part of kinds)
        note(`  of which ${part}`.padEnd(20) + what, await page.evaluate<number>(`lastMs('${part}')`))
    }
    await context.close()
  }
  for (const [what, all] of figures) {
    const sorted = all.toSorted((a, b) => a - b)
    console.log(
      `  ${what.padEnd(52)} ${(sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1).padStart(8)} ms   ` +
        `(${sorted.map((ms) => ms.toFixed(0)).join(' ')})`,
    )
  }
}

async function wordsOfFixtures(): Promise<string[]> {
  const words = new Set<string>()
  for (const room of ['workloads', 'targets']) {
    const path = join(import.meta.dirname, '../../fixtures', room)
    for (const file of (await readdir(path)).sort())
      for (const [word] of (await readFile(join(path, file), 'utf8')).matchAll(/\b[a-z][a-z_]{3,11}\b/g))
        words.add(word)
  }
  return [...words].sort()
}

function profileOf(size: number, unit: 'samples' | 'ns', words: string[]): ProfileBuilder {
  const random = seeded(7)
  const functions = Array.from({ length: 4000 }, (_, i) => {
    const name = `${words[i % words.length]}_${words[(i * 7 + 3) % words.length]}`
    return `${name}${['', '_[k]', '', '_[j]'][i % 4]}`
  })
  const profile = createProfile(unit)
  // Each stack shares most of its frames with the one before, as samples of one program do.
  let frames: string[] = []
  while (profile.size < size) {
    const shared = Math.floor(random() ** 0.5 * frames.length)
    const depth = 25 + Math.floor(random() * 30)
    frames = frames.slice(0, Math.min(shared, depth))
    while (frames.length < depth) frames.push(functions[Math.floor(random() ** 2 * functions.length)] ?? '')
    for (const phase of ['baseline', 'stress']) {
      const events = Math.floor(40 * random() ** 6)
      if (events > 0) profile.add(frames, unit === 'ns' ? Math.round(events * 1e6 * random()) : events, events, phase)
    }
  }
  return profile
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}
