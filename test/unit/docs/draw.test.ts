import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { screenSvg } from '../../../docs/pictures/screen-svg.mjs'

const script = join(import.meta.dirname, '../../../docs/pictures/draw.mjs')
const picture = (capture: string) => screenSvg(capture, { title: 'a screen' })

const screen = [
  '\x1b[1;7m probe \x1b[0m \x1b[1mapi[4242]\x1b[0m  \x1b[38;2;120;190;255mstress 4/5 █▌░\x1b[39m  p99 38 ms',
  '\x1b[38;5;240m──┬─\x1b[39m \x1b[1mOver time\x1b[0m',
  ' p99 │\x1b[36m▁▃█\x1b[39m\x1b[90m┊\x1b[0m',
  '\x1b[30;43m│all 2.07 ms   \x1b[0m',
  '\x1b[2mfaint\x1b[22m \x1b[4mStatement<T&>::get\x1b[24m × ▲',
  '',
  '   ',
].join('\n')

test('a saved screen becomes the same picture every time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'probe-draw-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'capture'), `${screen}\n`)
  const title = 'p99 < 50 ms & "rising"'
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [script, '--from', join(folder, 'capture'), '--title', title],
    { encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  await expect(stdout).toMatchFileSnapshot('golden/screen.svg')
  expect(screenSvg(screen, { title })).toBe(stdout)
})

test.each([
  ['an RGB foreground', '\x1b[38;2;1;2;255mx', 'fill="#0102ff">x<'],
  ['an RGB background, blanks included', '\x1b[48;2;1;2;255m   ', '<path fill="#0102ff" d="M0 0h24v17h-24z"/>'],
  ['a colour of the cube', '\x1b[38;5;110mx', 'fill="#87afd7">x<'],
  ['a grey of the ramp', '\x1b[38;5;240mx', 'fill="#585858">x<'],
  ['one of the sixteen', '\x1b[91mx', 'fill="#ff786e">x<'],
  ['one of the sixteen by number', '\x1b[38;5;9mx', 'fill="#ff786e">x<'],
  ['inverse of the defaults', '\x1b[7mx', 'fill="#10141a">x<'],
  ['bold that ends', '\x1b[1ma\x1b[22mb', 'class="b">a</text>\n<text x="8" y="12" textLength="8">b<'],
  ['a style that lasts over the end of a line', '\x1b[1ma\nb', 'y="29" textLength="8" class="b">b<'],
  ['a reset without a number', '\x1b[1ma\x1b[mb', 'textLength="8">b<'],
  ['a half block as half a cell', '▌', 'd="M0 0h4v17h-4z"'],
  ['blocks that touch', '██', 'd="M0 0h8v17h-8zM8 0h8v17h-8z"'],
  ['a line to the edges of its cell', '─', 'd="M4 8.5l4 0M4 8.5l-4 0"'],
  ['a glyph of another font on a place of its own', 'a▲b', '<text x="8" y="12" textLength="8">▲<'],
  ['words of one style in one piece', 'two words', 'textLength="72">two words<'],
  ['words far apart on their places', 'a   b', '<text x="32" y="12" textLength="8">b<'],
])('draws %s', (_what, capture, expected) => {
  expect(picture(capture)).toContain(expected)
})

test.each([
  ['other sequences', 'a\x1b[2Kb\x1b]8;;http://x\x1b\\c\x1b(Bd', 'abcd'],
  ['control characters, which XML does not allow', 'a\x00\x07\x7f\u009bb', 'ab'],
])('leaves out %s', (_what, capture, expected) => {
  expect(picture(capture)).toContain(`>${expected}<`)
})

test('empty rows at the end are left out, those between are not', () => {
  const heightOf = (svg: string) => Number(/height="(\d+)"/.exec(svg)?.[1])
  expect(heightOf(picture('a\n\nb\n\n  \n'))).toBe(heightOf(picture('a\nb\nc\n')))
})

test('the picture is as wide as the terminal, also where nothing is', () => {
  expect(screenSvg('a', { title: 'a screen', columns: 120 })).toContain(`width="${120 * 8 + 32}"`)
})
