import { describe, expect, it } from 'vitest'
import {
  BOLD,
  colourDepth,
  createPalette,
  INVERSE,
  ink,
  on,
  type Role,
  type Tone,
  tonesOf,
  UNDERLINE,
} from '../../../ui/terminal/palette.ts'

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

describe('the tones of a theme', () => {
  type Rgb = readonly [number, number, number]
  // Backgrounds and letters that terminals come with: black to the greys of common dark themes, white to cream.
  const papers = {
    dark: [
      [0, 0, 0],
      [30, 30, 30],
      [40, 42, 54],
    ],
    light: [
      [255, 255, 255],
      [250, 250, 250],
      [245, 245, 240],
    ],
  } as const
  const letters = { dark: [213, 218, 225], light: [36, 41, 47] } as const

  const texts: Role[] = ['dim', 'accent', 'good', 'warn', 'bad']
  const boxes = (Object.keys(tonesOf('dark')) as Role[]).filter((role) => /\d$/.test(role) || role === 'highlight')

  it.each(['dark', 'light'] as const)('can be read as text on %s paper, in true colour and in 256', (theme) => {
    for (const role of texts)
      for (const paper of papers[theme])
        for (const rgb of shades(tonesOf(theme)[role]))
          expect(contrast(rgb, paper), `${role} on ${paper}`).toBeGreaterThanOrEqual(4.5)
  })

  it.each(['dark', 'light'] as const)('can be read in the boxes of the %s theme', (theme) => {
    const tones = tonesOf(theme)
    const [dark] = [shades(tones.dark)]
    for (const role of boxes)
      for (const [i, box] of shades(tones[role]).entries())
        expect(contrast(dark[i] ?? [0, 0, 0], box), role).toBeGreaterThanOrEqual(4.5)
    for (const box of shades(tones.root)) expect(contrast(letters[theme], box), 'root').toBeGreaterThanOrEqual(4.5)
  })

  it.each(['dark', 'light'] as const)('draws lines and bars that can be seen on %s paper', (theme) => {
    for (const [role, least] of [
      ['bar', 3],
      ['faint', 1.5],
    ] as const)
      for (const paper of papers[theme])
        for (const rgb of shades(tonesOf(theme)[role])) expect(contrast(rgb, paper), role).toBeGreaterThanOrEqual(least)
  })

  it.each(['dark', 'light'] as const)('shows marks on every shade of a heat map, on %s paper', (theme) => {
    const tones = tonesOf(theme)
    const pairs = [
      ['warn', 'heatLow'],
      ['warn', 'heatFaint'],
      ['paper', 'heatHigh'],
      ['paper', 'heatFull'],
    ] as const
    for (const [mark, under] of pairs)
      for (const [i, rgb] of shades(tones[mark]).entries())
        expect(contrast(rgb, shades(tones[under])[i] ?? [0, 0, 0]), `${mark} on ${under}`).toBeGreaterThanOrEqual(2.9)
  })

  it('inverts what is selected where there is no colour', () => {
    expect(createPalette('none')(on('bar', 'selected'))).toBe('\x1b[0;7m')
    expect(createPalette('none')(on('bar', 'band'))).toBe('\x1b[0m')
  })

  it('says another colour on light paper', () => {
    expect(createPalette('true', 'light')(ink.warn)).not.toBe(createPalette('true', 'dark')(ink.warn))
  })

  /** As it looks in true colour and in 256 colours. */
  function shades(tone: Tone | null): Rgb[] {
    if (!tone) throw new Error('a tone of its own')
    const [r, g, b, index] = tone
    return [[r, g, b], indexed(index)]
  }

  /** The 256 colours of xterm from 16 up: a cube of six levels and a ramp of greys. */
  function indexed(index: number): Rgb {
    if (index >= 232) return [8 + 10 * (index - 232), 8 + 10 * (index - 232), 8 + 10 * (index - 232)]
    const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step)
    const cube = index - 16
    return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]
  }

  /** Contrast ratio of WCAG 2, 1 to 21. */
  function contrast(a: Rgb, b: Rgb): number {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
    return (high + 0.05) / (low + 0.05)
  }

  function luminance(rgb: Rgb): number {
    const [r, g, b] = rgb.map((part) => (part <= 10 ? part / 3294 : ((part / 255 + 0.055) / 1.055) ** 2.4)) as [
      number,
      number,
      number,
    ]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
})
