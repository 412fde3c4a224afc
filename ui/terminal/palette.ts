import { lightTones } from './light-tones.ts'

/**
 * Styles are roles, not colours: a panel says `ink.bad`, the palette says what that is on this terminal. A style is a
 * foreground role, a background role and attributes in one number, so that it fits a cell.
 */
export const BOLD = 1 << 16
export const INVERSE = 1 << 17
export const UNDERLINE = 1 << 18

export type Tone = readonly [r: number, g: number, b: number, ansi256: number, ansi16: number]

// [red, green, blue, 256-colour index, 16-colour SGR number]; chosen for a dark background, contrast 4.5 or more for text.
const tones = {
  plain: null,
  dim: [140, 148, 160, 246, 37],
  faint: [82, 90, 102, 240, 90],
  accent: [120, 190, 255, 111, 94],
  good: [120, 200, 140, 114, 32],
  warn: [240, 190, 90, 215, 33],
  bad: [255, 120, 110, 210, 91],
  bar: [95, 160, 220, 74, 36],
  dark: [16, 20, 26, 233, 30],
  // What stands on a full bar: the paper shows through.
  paper: [16, 20, 26, 233, 30],
  band: [34, 40, 49, 236, 100],
  // What is selected on a picture whose colours must stay readable.
  selected: [58, 68, 88, 239, 100],
  // Shades of `bar` and `dim` on this paper, as backgrounds.
  heatFaint: [47, 52, 60, 237, 100],
  heatLow: [55, 90, 123, 24, 46],
  heatHigh: [75, 125, 172, 67, 46],
  heatFull: [95, 160, 220, 74, 46],
  user0: [124, 166, 218, 110, 46],
  user1: [110, 152, 206, 74, 46],
  user2: [98, 140, 194, 68, 46],
  kernel0: [226, 170, 98, 179, 43],
  kernel1: [214, 156, 86, 173, 43],
  kernel2: [203, 145, 78, 172, 43],
  jit0: [140, 194, 126, 150, 42],
  jit1: [126, 181, 112, 107, 42],
  jit2: [114, 168, 102, 71, 42],
  unknown0: [150, 154, 162, 247, 47],
  unknown1: [140, 144, 152, 246, 47],
  unknown2: [130, 134, 142, 245, 47],
  // What a thread did at the end of a wall-clock stack, and how a frame changed: the colours of the SVG on white.
  running: [229, 138, 128, 174, 41],
  blocked: [185, 165, 224, 146, 45],
  ready: [238, 219, 118, 222, 103],
  gone: [124, 192, 186, 109, 46],
  shrunk3: [157, 189, 226, 110, 44],
  shrunk2: [191, 212, 236, 152, 104],
  shrunk1: [218, 230, 244, 189, 104],
  same: [134, 140, 150, 245, 47],
  grown1: [250, 224, 207, 223, 103],
  grown2: [246, 191, 159, 216, 103],
  grown3: [236, 148, 107, 209, 41],
  new: [220, 147, 200, 176, 45],
  root: [74, 82, 94, 240, 100],
  highlight: [250, 225, 100, 227, 103],
} as const satisfies Record<string, Tone | null>

export type Role = keyof typeof tones
const roles = Object.keys(tones) as Role[]
const indexOf = Object.fromEntries(roles.map((role, index) => [role, index])) as Record<Role, number>

/** Foreground roles as styles. */
export const ink: Readonly<Record<Role, number>> = indexOf

/** A style of foreground, background and attributes. */
export const on = (foreground: Role, background: Role, attributes = 0): number =>
  indexOf[foreground] | (indexOf[background] << 8) | attributes

export type ColourDepth = 'true' | '256' | '16' | 'none'

/** What a stream can show; NO_COLOR and FORCE_COLOR are honoured by the runtime's own answer. */
export function colourDepth(
  stream: { isTTY?: boolean; getColorDepth?: () => number },
  env: NodeJS.ProcessEnv,
): ColourDepth {
  if (env['NO_COLOR'] || !stream.getColorDepth) return 'none'
  const bits = stream.getColorDepth()
  return bits >= 24 ? 'true' : bits >= 8 ? '256' : bits >= 4 ? '16' : 'none'
}

/** What the paper of a terminal is; its letters are the other. */
export type Theme = 'dark' | 'light'

/** The tones of a theme by role; `null` is the terminal's own colour. */
export const tonesOf = (theme: Theme): Readonly<Record<Role, Tone | null>> => (theme === 'light' ? lightTones : tones)

/** The escape sequence that sets a style from any other. Without colour what matters is bold, inverse or underlined. */
export function createPalette(depth: ColourDepth, theme: Theme = 'dark'): (style: number) => string {
  const known = new Map<number, string>()
  const toneOf = tonesOf(theme)
  return (style) => {
    const sequence = known.get(style) ?? sequenceOf(style, depth, toneOf)
    known.set(style, sequence)
    return sequence
  }
}

/** Backgrounds that say something: without colour they are inverted. */
const inverted = new Set<Role | undefined>(['selected', 'heatHigh', 'heatFull'])

type Rgb = readonly [red: number, green: number, blue: number]

/** What a terminal shows where a style says nothing. */
const PAPER: Readonly<Record<Theme, { paper: Rgb; text: Rgb }>> = {
  dark: { paper: [16, 20, 26], text: [216, 222, 230] },
  light: { paper: [255, 255, 255], text: [30, 36, 44] },
}

export interface Look {
  foreground: Rgb
  background: Rgb
  isBold: boolean
  isUnderlined: boolean
}

/** A style as a picture shows it. */
export function lookOf(style: number, theme: Theme): Look {
  const toneOf = tonesOf(theme)
  const rgb = (tone: Tone | null, otherwise: Rgb): Rgb => (tone ? [tone[0], tone[1], tone[2]] : otherwise)
  const foreground = rgb(toneAt(toneOf, style & 0xff), PAPER[theme].text)
  const background = rgb(toneAt(toneOf, (style >> 8) & 0xff), PAPER[theme].paper)
  const isInverse = (style & INVERSE) !== 0
  return {
    foreground: isInverse ? background : foreground,
    background: isInverse ? foreground : background,
    isBold: (style & BOLD) !== 0,
    isUnderlined: (style & UNDERLINE) !== 0,
  }
}

function sequenceOf(style: number, depth: ColourDepth, toneOf: Readonly<Record<Role, Tone | null>>): string {
  const codes: (string | number)[] = ['0']
  if (style & BOLD) codes.push('1')
  if (style & INVERSE) codes.push('7')
  if (style & UNDERLINE) codes.push('4')
  const foreground = toneAt(toneOf, style & 0xff)
  const background = toneAt(toneOf, (style >> 8) & 0xff)
  if (foreground) codes.push(...colour(foreground, depth, false))
  if (background) codes.push(...colour(background, depth, true))
  if (depth === 'none' && inverted.has(roles[(style >> 8) & 0xff])) codes.push('7')
  return `\x1b[${codes.join(';')}m`
}

function toneAt(toneOf: Readonly<Record<Role, Tone | null>>, index: number): Tone | null {
  const role = roles[index]
  return role ? toneOf[role] : null
}

function colour([r, g, b, ansi256, ansi16]: Tone, depth: ColourDepth, background: boolean): (string | number)[] {
  switch (depth) {
    case 'true':
      return [background ? 48 : 38, 2, r, g, b]
    case '256':
      return [background ? 48 : 38, 5, ansi256]
    case '16': {
      // Tones for boxes are listed as background numbers, tones for text as foreground numbers.
      const isBackground = (ansi16 >= 40 && ansi16 < 48) || ansi16 >= 100
      if (background) return [isBackground ? ansi16 : ansi16 + 10]
      return [isBackground ? ansi16 - 10 : ansi16]
    }
    case 'none':
      return []
  }
}
