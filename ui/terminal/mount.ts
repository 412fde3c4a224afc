import type { ReadStream, WriteStream } from 'node:tty'
import { render } from 'ink'
import { createElement } from 'react'
import { App } from './app.ts'
import { MOUSE_OFF, MOUSE_ON } from './mouse.ts'
import type { Screen } from './screen.ts'
import { tapInput } from './tap.ts'

const CLEAR = '\x1b[2J\x1b[H'
const MAX_FPS = 10

export interface Mounted {
  close: () => void
  /** draws everything again on a cleared terminal */
  redraw: () => void
  /** settles when the terminal is as it was before; rejects with the error that ended the screen */
  closed: Promise<unknown>
}

/**
 * Puts a screen on the terminal. Ink enters and leaves the alternate screen, also on a signal or a crash; without `mouse`
 * the pointer stays the terminal's own.
 */
export function mount(
  screen: Screen,
  terminal: ReadStream,
  stdout: WriteStream,
  { mouse }: { mouse: boolean },
): Mounted {
  // Ink does the same, but after it has entered the alternate screen: keys typed in between would be echoed into it.
  if (terminal.isTTY) terminal.setRawMode(true)
  const tap = mouse && terminal.isTTY ? tapInput(terminal, screen.point) : null
  const point = (on: boolean) => {
    if (tap) stdout.write(on ? MOUSE_ON : MOUSE_OFF)
  }
  const redraw = () => {
    before()
    point(true)
    screen.repaint()
  }
  // Ink's first frame stands anywhere and is cleared at once: anything in it would be a flash of half a screen.
  let isCleared = false
  const app = () => createElement(App, { screen, point, isBlank: !isCleared, resumed: redraw })
  const instance = render(app(), {
    stdin: tap?.stdin ?? terminal,
    stdout,
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: MAX_FPS,
    patchConsole: false,
    exitOnCtrlC: false,
    onRender: () => {
      if (isCleared) screen.framed()
    },
  })
  // Ink rewrites only lines that differ from what it wrote last; after a resize the terminal may hold anything. Ink's own
  // handler stands between these two: the frame has its new size before, the panel is painted after.
  const before = () => {
    instance.clear()
    stdout.write(CLEAR)
    screen.resized()
    instance.rerender(app())
  }
  // The cursor enters the alternate screen where it stood before, and Ink begins to write there.
  isCleared = true
  before()
  stdout.prependListener('resize', before)
  stdout.on('resize', screen.repaint)
  return {
    close: () => {
      // First, so that nothing is painted when the alternate screen is left.
      screen.close()
      instance.unmount()
    },
    redraw,
    closed: instance.waitUntilExit().finally(() => {
      tap?.close()
      stdout.removeListener('resize', before)
      stdout.removeListener('resize', screen.repaint)
    }),
  }
}
