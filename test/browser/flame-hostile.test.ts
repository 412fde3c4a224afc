import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { LIMITS } from '../../audit/index.ts'
import { flameSvg } from '../../ui/flame/svg.ts'
import { createVarintWriter } from '../../ui/flame/varint.ts'
import { boxesOf, describeFlames, options, server } from './flame-page.ts'

const MIB = 1 << 20

/** What a file carries, with any header and body. */
function packed(header: object, body: Buffer): string {
  const json = Buffer.from(
    JSON.stringify({
      ...{ version: 2, title: 't', lines: [], unit: 'ns', columns: [{ key: '1', label: 'one' }], view: 0 },
      ...{ invert: false, counts: false, fraction: 1, nodes: 1, leaves: 0, names: ['all'], ...header },
    }),
  )
  const length = createVarintWriter()
  length.write(json.length)
  return deflateRawSync(Buffer.concat([length.bytes(), json, body])).toString('base64')
}

const deep = LIMITS.depthOfStack.most + 10
const columns = Array.from({ length: LIMITS.phases.most + 1 }, (_, n) => ({ key: String(n), label: 'x' }))

describeFlames('a picture whose profile is made to fill a page', ({ folder, newPage }) => {
  test.each([
    ['unpacks to hundreds of times its size', () => packed({}, Buffer.alloc(64 * MIB)), /unpacks to more than 32 MiB/],
    ['claims billions of places', () => packed({ nodes: 4e9 }, Buffer.alloc(9)), /has more than \d+ places/],
    ['claims more places than it has bytes', () => packed({ nodes: 8e6 }, Buffer.alloc(9)), /is damaged/],
    ['has thousands of phases', () => packed({ columns }, Buffer.alloc(9)), /has more than \d+ phases/],
    [
      'has a stack without end',
      () => packed({ nodes: deep }, Buffer.concat([Buffer.alloc(deep), Buffer.alloc(deep, 1)])),
      /has stacks of more than \d+ frames/,
    ],
    ['is no profile', () => 'AAAA', /is damaged/],
  ])('and %s stays a still one, and says so', async (what, make, why) => {
    const path = join(folder(), `${what.replaceAll(' ', '-')}.svg`)
    const svg = flameSvg(server, options)
    await writeFile(
      path,
      svg.replace(/(<profile [^>]*>)[^<]*/, (_, element: string) => element + make()),
    )
    const page = await newPage({})
    await page.goto(`file://${path}`)
    await page.waitForSelector('svg[data-refused]')
    expect(await page.locator('.meaning').textContent()).toMatch(why)
    const still = await newPage({ javaScriptEnabled: false })
    await still.goto(`file://${path}`)
    expect(await boxesOf(page)).toEqual(await boxesOf(still))
    expect(await page.locator('svg[data-ready]').count()).toBe(0)
  })
})
