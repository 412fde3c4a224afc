import type { Theme } from './palette.ts'

/** What a reader asks of the looks of the screen; everything has a default that fits the terminal. */
export interface LooksChoice {
  theme: 'auto' | Theme
  /** only ASCII glyphs; undefined: where the locale is not UTF-8 */
  ascii: boolean | undefined
  /** lines instead of panels; undefined: where the terminal or the environment asks for it */
  screenReader: boolean | undefined
}

export const looksOfTerminal: LooksChoice = { theme: 'auto', ascii: undefined, screenReader: undefined }

/** Whether glyphs beyond ASCII would come out as rubbish: the first of the variables that is set decides (locale(7)). */
export function isAsciiOnly(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG']
  // Without any the terminal is nearly always UTF-8: containers and services set none. Those that say C mean it.
  return locale !== undefined && !/utf-?8/i.test(locale)
}

/** Whether lines that are read aloud fit better than panels. */
export const wantsLines = (env: NodeJS.ProcessEnv): boolean =>
  env['INK_SCREEN_READER'] === 'true' || env['TERM'] === 'dumb'

/**
 * The theme that COLORFGBG names (`15;0`: foreground and background among the sixteen colours, set by rxvt, Konsole and
 * others); null where it says nothing.
 */
export function themeOfEnvironment(env: NodeJS.ProcessEnv): Theme | null {
  const match = /^\d+;(?:\w+;)?(\d+)$/.exec(env['COLORFGBG'] ?? '')
  if (!match) return null
  const background = Number(match[1])
  return background === 7 || (background >= 9 && background <= 15) ? 'light' : 'dark'
}

/**
 * The theme for a background as terminals tell it (OSC 11: `rgb:RRRR/GGGG/BBBB`, one to four digits each); null when it is
 * no colour. Lightness as in ITU-R BT.709, without its curve: which half it is in does not depend on it.
 */
export function themeOfBackground(colour: string): Theme | null {
  const match = /^rgba?:([\da-f]{1,4})\/([\da-f]{1,4})\/([\da-f]{1,4})(?:\/[\da-f]{1,4})?$/i.exec(colour)
  if (!match) return null
  const [red = 0, green = 0, blue = 0] = match
    .slice(1, 4)
    .map((digits) => Number.parseInt(digits, 16) / (16 ** digits.length - 1))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5 ? 'light' : 'dark'
}
