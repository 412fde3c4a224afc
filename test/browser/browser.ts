import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'

const CHROMIUM = '/usr/bin/chromium'

export interface Pages {
  /** a folder for the tests' files, gone after them */
  folder: () => string
  newPage: (how?: BrowserContextOptions) => Promise<Page>
}

/** Tests that share a browser; none where it is not installed. What a page complains about fails its test. */
export function describeInBrowser(what: string, tests: (pages: Pages) => void): void {
  describe.skipIf(!existsSync(CHROMIUM))(`${what} (needs ${CHROMIUM})`, () => tests(pagesOfTests()))
}

function pagesOfTests(): Pages {
  let browser: Browser
  let folder: string
  const complaints: string[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'probe-browser-'))
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

  async function newPage(how: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width: 1200, height: 700 }, ...how })).newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`))
    return page
  }
  return { folder: () => folder, newPage }
}
