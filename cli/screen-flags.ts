import { boolean, option } from '@oclif/core/flags'
import type { TerminalOptions } from '../ui/index.ts'

/** The flags of how a screen looks, the same in every command that opens one. */
export const screenFlags = {
  'no-ui': boolean({ description: 'text even in a terminal', helpGroup: 'SCREEN' }),
  theme: option({
    options: ['auto', 'dark', 'light'] as const,
    description: 'colours for a dark or a light background; auto asks the terminal (NO_COLOR: none)',
    default: 'auto' as const,
    helpGroup: 'SCREEN',
  })(),
  ascii: boolean({
    description: 'only ASCII glyphs; the default where the locale is not UTF-8',
    allowNo: true,
    helpGroup: 'SCREEN',
  }),
  'screen-reader': boolean({
    description: 'lines that are read aloud instead of panels; the default of a dumb terminal',
    allowNo: true,
    helpGroup: 'SCREEN',
  }),
}

export interface ScreenFlagValues {
  theme: 'auto' | 'dark' | 'light'
  ascii: boolean | undefined
  'screen-reader': boolean | undefined
}

export const looksOf = (flags: ScreenFlagValues): NonNullable<TerminalOptions['looks']> => ({
  theme: flags.theme,
  ascii: flags.ascii,
  screenReader: flags['screen-reader'],
})
