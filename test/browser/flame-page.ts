import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createProfile } from '../../audit/profile/build.ts'
import type { Profile } from '../../audit/profile/profile.ts'
import { type FlameSvgOptions, flameSvg } from '../../ui/flame/svg.ts'
import { describeInBrowser, type Pages } from './browser.ts'

export const WIDTH = 1200

/** Two phases of a server: a lock that came, a wait that went, recursion, and many narrow frames. */
export const server = createProfile('ns')
for (const [stack, baseline, stress, soak] of [
  ['main;serve_[j];cacheGet_[j];pthread_mutex_lock;futex_wait_[k]', 10, 300, 30],
  ['main;serve_[j];readBody_[j];tcp_recvmsg_[k]', 40, 45, 44],
  ['main;serve_[j];readBody_[j];ep_poll_[k]', 30, 0, 30],
  ['main;idle;ep_poll_[k]', 120, 60, 110],
  ['main;[unknown]', 0, 15, 0],
  ['main;std::map<int, int>::find(int const&)', 5, 5, 5],
] as const) {
  server.add(stack.split(';'), baseline * 1e6, baseline, '1')
  server.add(stack.split(';'), stress * 1e6, stress, '2')
  server.add(stack.split(';'), soak * 1e6, soak, '3')
}
for (let i = 0; i < 2000; i++) server.add(['main', 'many', `f${i % 900}`], 1000 * (1 + (i % 40)), 1, '2')

export const options: FlameSvgOptions = {
  title: 'Off-CPU: where threads waited',
  lines: ['probe off-cpu · api[4242] · host web-1'],
  columns: [
    { key: '1', label: 'baseline', facts: '10 s · loss none', divide: { by: 1000, per: 'request' } },
    { key: '2', label: 'stress', facts: '15 s · loss 3', divide: { by: 2000, per: 'request' } },
    { key: '3', label: 'soak', facts: '60 s · loss none', divide: { by: 1000, per: 'request' } },
  ],
  view: { column: '2' },
}

export interface OpenOptions extends BrowserContextOptions {
  scripts?: boolean
  hash?: string
  of?: Profile
}

export interface FlamePages extends Pages {
  open: (svg: FlameSvgOptions, how?: OpenOptions) => Promise<Page>
}

/** Tests of flame SVGs that are opened in a browser, each from a file of its own. */
export function describeFlames(what: string, tests: (pages: FlamePages) => void): void {
  describeInBrowser(what, (pages) => {
    let files = 0
    async function open(svg: FlameSvgOptions, how: OpenOptions = {}): Promise<Page> {
      const { scripts = true, hash = '', of = server, ...context } = how
      const path = join(pages.folder(), `${files++}.svg`)
      await writeFile(path, flameSvg(of, svg))
      const page = await pages.newPage({ javaScriptEnabled: scripts, ...context })
      await page.goto(`file://${path}${hash}`)
      if (scripts) await page.waitForSelector('svg[data-ready]')
      return page
    }
    tests({ ...pages, open })
  })
}

export interface Box {
  x: string | null
  width: string | null
  kind: string | null
  fill: string
  row: string | null
  text: string
}

/** Boxes of their own, and those without text that share a path (a subpath each), by row from left to right. */
export function boxesOf(page: Page): Promise<Box[]> {
  // Text, because it runs in the page: its types are not those of this process.
  return page.evaluate<Box[]>(`[...document.querySelectorAll('.boxes > g')].flatMap((row) => {
    const boxOf = (shape, kind, x, width, text) =>
      ({ x, width, kind, fill: getComputedStyle(shape).fill, row: row.getAttribute('transform'), text })
    const own = [...row.querySelectorAll('rect')].map((rect) => boxOf(
      rect, rect.getAttribute('class'), rect.getAttribute('x'), rect.getAttribute('width'),
      rect.parentElement.querySelector(':scope > text')?.textContent ?? '',
    ))
    const shared = [...row.querySelectorAll('path')].flatMap((path) => {
      const kind = path.getAttribute('class').replace(/^link /, '').replace(/ (match|dim)$/, '')
      const parts = [...path.getAttribute('d').matchAll(/M([\\d.]+) 0h([\\d.]+)v16h-\\2z/g)]
      if (parts.map(([part]) => part).join('') !== path.getAttribute('d')) throw new Error('no boxes: ' + path.outerHTML)
      return parts.map(([, x, width]) => boxOf(path, kind, x, width, ''))
    })
    return [...own, ...shared].sort((a, b) => a.x - b.x)
  })`)
}

/** The widest box of that name, as drawn; 0 when there is none. */
export async function widthOf(page: Page, name: string): Promise<number> {
  const widths = (await boxesOf(page)).filter((box) => box.text === name).map((box) => Number(box.width))
  return Math.max(0, ...widths)
}

export const classOf = async (page: Page, name: string): Promise<string | undefined> =>
  (await boxesOf(page)).find((box) => box.text === name)?.kind ?? undefined

export const detail = (page: Page): Promise<string | null> => page.locator('.detail').textContent()

/** A drawn box by its name; the uppermost when there are several. */
export const box = (page: Page, name: string) =>
  page
    .locator('.boxes > g > g', { has: page.getByText(name, { exact: true }) })
    .locator('rect')
    .first()

export const click = (page: Page, name: string): Promise<void> => box(page, name).click({ position: { x: 5, y: 5 } })

/** A phase's pill: of those that are shown, or of those it is compared with. */
export const pill = (page: Page, label: string, kind: 'show' | 'compare' = 'show') =>
  page.locator(kind === 'show' ? '.tabs g.link:not(.minus)' : '.tabs g.minus').filter({ hasText: label })

export const hashOf = (page: Page): Promise<string> => page.evaluate<string>('location.hash')
