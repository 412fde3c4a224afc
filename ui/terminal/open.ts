import { type ProfileOf, profileOf, type RunModel } from '../../audit/index.ts'
import type { Catalog } from '../text/reading.ts'
import type { Effect } from './bindings/binding.ts'
import { withWall } from './flame/wall.ts'
import type { Mounted } from './mount.ts'
import type { Seen } from './screen.ts'
import type { SpanEffect } from './spans.ts'
import type { ScreenState } from './state.ts'
import { isAsciiOnly, type LooksChoice, looksOfTerminal, wantsLines } from './theme.ts'

export interface TerminalOptions {
  model: RunModel
  catalog: Catalog
  /** calls back whenever the model changed; returns how to stop that */
  subscribe: (changed: () => void) => () => void
  /** the reader leaves; called once, when the terminal is as it was before */
  onQuit: () => void
  /** the reader names a new phase */
  onMark?: (label: string) => void
  /**
   * Writes a file under a name that is safe in every folder (never over another file) and says where it stands. Throws
   * what a reader can be told.
   */
  save: (name: string, pieces: Iterable<string | Uint8Array>) => Promise<string>
  /** false: the pointer stays the terminal's own, e.g. to select text */
  mouse: boolean
  /** at the right of the header, e.g. the recording's file name */
  title: string
  /** false: a recording is replayed */
  live: boolean
  /** the file that a span of time is read from; without one none can be selected */
  recording?: string | null
  /** colours and glyphs; default: what suits the terminal */
  looks?: LooksChoice
  /** stacks, where they are not those of the run; by default of the model's recording */
  profileOf?: ProfileOf
  /** what is looked at first, where it is not the overview */
  start?: Partial<ScreenState>
  /** share of a recording that has been read so far, 0..1; null when all of it is there */
  progress?: () => number | null
  /** what is asked before the reader quits a live run, since more than the screen ends with it */
  leaving?: string | undefined
  /** closes the screen from outside, as when the reader quits */
  signal?: AbortSignal
}

/** How a screen ended: the reader left it (or the caller closed it), or the terminal itself is gone. */
export type ScreenEnd = 'left' | 'lost'

/**
 * Opens the screen and resolves when the reader has left it (also after the run has ended: the reader decides).
 * Standard output must be a terminal. The terminal is left as it was found, also by SIGTERM, SIGHUP and a crash.
 * A terminal that is closed, even before the screen is drawn, is `lost` and no error.
 */
export async function openTerminal(options: TerminalOptions): Promise<ScreenEnd> {
  const looks = options.looks ?? looksOfTerminal
  const ascii = looks.ascii ?? isAsciiOnly(process.env)
  if (looks.screenReader ?? wantsLines(process.env)) {
    const { openReader } = await import('./reader.ts')
    return openReader(options, ascii)
  }
  // React chooses its build when it is first loaded; the development build costs half as much again.
  process.env['NODE_ENV'] ??= 'production'
  const [
    { themeOfTerminal },
    { mount },
    { createScreen },
    { colourDepth, createPalette },
    { unblock },
    { takeAway },
    { suspendSelf },
  ] = await Promise.all([
    import('./background.ts'),
    import('./mount.ts'),
    import('./screen.ts'),
    import('./palette.ts'),
    import('./stream.ts'),
    import('./take-away.ts'),
    import('./suspension.ts'),
  ])
  const { stdin, stdout } = process
  const block = unblock(stdout)
  let mounted: Mounted | null = null
  const perform = (effect: Exclude<Effect, SpanEffect>, seen: Seen) => {
    if (effect.do === 'quit') mounted?.close()
    else if (effect.do === 'redraw') mounted?.redraw()
    else if (effect.do === 'suspend') suspendSelf()
    else if (effect.do === 'mark') options.onMark?.(effect.label)
    else void takeAway(effect, { ...seen, theme }, (bytes) => stdout.write(bytes), options.save).then(screen.tell)
  }
  let ended: ScreenEnd = 'left'
  const isLost = () => ended === 'lost'
  const lose = () => {
    ended = 'lost'
    mounted?.close()
  }
  // A closed terminal ends its input, or fails it (EIO), and every write and change of its mode: also those that leave
  // the screen, so the listeners stay.
  stdin.on('error', lose).on('end', lose)
  stdout.on('error', lose)
  const depth = colourDepth(stdout, process.env)
  const theme = await themeOfTerminal(looks.theme, { depth, env: process.env, stdin, stdout })
  const screen = createScreen({
    ...options,
    profileOf: withWall(options.profileOf ?? profileOf),
    sgr: createPalette(depth, theme),
    ascii,
    terminal: stdout,
    onEffect: perform,
  })
  const opened = mount(screen, stdin, stdout, options)
  mounted = opened
  const unsubscribe = options.subscribe(screen.changed)
  const close = () => opened.close()
  options.signal?.addEventListener('abort', close)
  if (options.signal?.aborted || isLost()) close()
  try {
    await opened.closed
  } finally {
    options.signal?.removeEventListener('abort', close)
    unsubscribe()
    screen.close()
    block()
    options.onQuit()
  }
  return ended
}
