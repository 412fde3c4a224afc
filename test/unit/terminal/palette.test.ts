import { describe, expect, it } from 'vitest'
import { BOLD, colourDepth, createPalette, INVERSE, ink, on, UNDERLINE } from '../../../ui/terminal/palette.ts'

const terminal = (bits: number) => ({ isTTY: true, getColorDepth: () => bits })

describe('colourDepth', () => {
  it.each([
    [24, {}, 'true'],
    [8, {}, '256'],
    [4, {}, '16'],
    [1, {}, 'none'],
    [24, { NO_COLOR: '1' }, 'none'],
  ])('%i bits with %j is %s', (bits, env, depth) => {
    expect(colourDepth(terminal(bits), env)).toBe(depth)
  })

  it('is none for what is no terminal', () => {
    expect(colourDepth({}, {})).toBe('none')
  })
})

describe('createPalette', () => {
  const style = on('dark', 'user0', BOLD)

  it.each([
    ['true', '\x1b[0;1;38;2;16;20;26;48;2;124;166;218m'],
    ['256', '\x1b[0;1;38;5;233;48;5;110m'],
    ['16', '\x1b[0;1;30;46m'],
    ['none', '\x1b[0;1m'],
  ] as const)('says a style in %s', (depth, expected) => {
    expect(createPalette(depth)(style)).toBe(expected)
  })

  it.each([
    ['bright text', ink.bad, '\x1b[0;91m'],
    ['a bright box', on('plain', 'highlight'), '\x1b[0;103m'],
  ])('keeps %s in its place among 16 colours', (_, colour, expected) => {
    expect(createPalette('16')(colour)).toBe(expected)
  })

  it('keeps what matters without colour', () => {
    const sgr = createPalette('none')
    expect([ink.bad | BOLD, INVERSE, UNDERLINE | ink.warn].map(sgr)).toEqual(['\x1b[0;1m', '\x1b[0;7m', '\x1b[0;4m'])
  })
})
