import type { ProfileOf, RunModel } from '../../audit/index.ts'
import type { Catalog } from '../text/reading.ts'
import { worstOf } from '../text/worst.ts'
import type { Effect, Update } from './bindings/binding.ts'
import { type Brush, brush, createCells, rowText } from './cells.ts'
import { drawFooter, drawHeader, drawTabs } from './chrome.ts'
import { toAscii } from './glyphs.ts'
import type { Message } from './hands.ts'
import { type Layout, layoutOf } from './layout.ts'
import type { Pointer } from './mouse.ts'
import { drawPanel } from './panels/panel.ts'
import { point } from './point.ts'
import { createPortal } from './portal.ts'
import { freeze, type Scene, type Source } from './scene.ts'
import { createSpans, isSpanEffect, type SpanEffect } from './spans.ts'
import { initialState, type ScreenState } from './state.ts'
import { bodyOf, press, withMessage } from './update.ts'

/** At most ten frames a second, and fewer when a frame is dear: painting may take a twentieth of a core. */
const FRAME_MS = 100
const SHARE = 20
/** frames that tell what one takes */
const MEASURED = 3
/** The header's clock and numbers need no more than this. */
const CHROME_MS = 250

export interface ScreenInput {
  model: RunModel
  catalog: Catalog
  profileOf: ProfileOf
  title: string
  live: boolean
  /** the file that spans are read from */
  recording?: string | null
  /** what is looked at first, where it is not the overview */
  start?: Partial<ScreenState> | undefined
  /** what is asked before the reader quits, while the run goes on */
  leaving?: string | undefined
  /** share of the recording read so far; null when all of it is there */
  progress?: () => number | null
  sgr: (style: number) => string
  /** glyphs beyond ASCII are replaced by stand-ins */
  ascii?: boolean
  /** the terminal: its size, and whether it still has to take what was written before */
  terminal: {
    columns: number
    rows: number
    writableNeedDrain: boolean
    write: (bytes: string) => unknown
    once: (event: 'drain', then: () => void) => unknown
  }
  /** a key or the pointer asks something of the world outside; `seen` is what the reader looked at */
  onEffect: (effect: Exclude<Effect, SpanEffect>, seen: Seen) => void
}

export interface Seen {
  scene: Scene
  layout: Layout
}

/** The lines that Ink places around the panel. */
export interface Chrome {
  layout: Layout
  header: string[]
  tabs: string[]
  footer: string[]
}

/** One screen in use: what it shows, when it is painted. Input and the lines around the panel are Ink's part (app.ts). */
export interface Screen {
  /** a key was pressed */
  press: (key: string) => void
  /** the pointer did something */
  point: (pointer: Pointer) => void
  /** says what came of an effect, until the next key */
  tell: (message: Message) => void
  /** the model changed */
  changed: () => void
  /** the terminal may have another size */
  resized: () => void
  /** React has made a frame of this layout; Ink writes it next */
  committed: (layout: Layout) => void
  /** Ink has written a frame: the panel may be painted into it */
  framed: () => void
  /** the terminal shows something else: paints every cell of the panel */
  repaint: () => void
  chrome: () => Chrome
  subscribe: (listener: () => void) => () => void
  close: () => void
}

export function createScreen(input: ScreenInput): Screen {
  const { catalog, title, live, terminal, sgr } = input
  const portal = createPortal((bytes) => terminal.write(bytes), sgr, input.ascii)
  const listeners = new Set<() => void>()
  const current: Source = { model: input.model, profileOf: input.profileOf }
  let source = current
  let state: ScreenState = { ...initialState, ...input.start }
  let layout = layoutOf(terminal)
  let committed: Layout | null = null
  let framed: Layout | null = null
  /** of which the panel is drawn, as it still would be */
  let drawnAhead: Layout | null = null
  const spans = createSpans({
    recording: input.recording ?? null,
    catalog,
    onDone: (span) => {
      const time = { ...state.time, reading: null }
      apply({ ...state, time, ...(span ? { phaseId: span.id } : {}) })
    },
    onProgress: () => {
      painted.chromeAt = 0
      schedule()
    },
  })
  let chrome: Chrome
  let timer: NodeJS.Timeout | null = null
  let late: NodeJS.Timeout | null = null
  let painted = { at: 0, chromeAt: 0 }
  /** what the last frames took, ms */
  let took: number[] = []
  let isWhole = live
  let hasChosenPhase = state.phaseId !== null
  let isClosed = false
  let isWaiting = false
  goToWorst()
  chrome = compose()

  function scene(): Scene {
    return {
      ...spans.over(source),
      catalog,
      state,
      live,
      title,
      shelf: spans.shelf(),
      leaving: input.leaving,
      readShare: input.progress?.() ?? null,
    }
  }

  function compose(): Chrome {
    const lines = (height: number, draw: (scene: Scene, brush: Brush) => void): string[] => {
      const cells = createCells(layout.columns, height)
      draw(scene(), brush(cells))
      if (input.ascii) toAscii(cells)
      return Array.from({ length: height }, (_, y) => rowText(cells, y, sgr))
    }
    return {
      layout,
      header: lines(layout.header, drawHeader),
      tabs: lines(layout.tabs, drawTabs),
      footer: lines(layout.footer, drawFooter),
    }
  }

  function recompose(): void {
    const next = compose()
    painted.chromeAt = performance.now()
    // Most of the time not even the clock has moved: Ink's part of a frame costs more than the panel.
    if (isSame(chrome, next)) return
    chrome = next
    for (const listener of listeners) listener()
  }

  function paint(): void {
    // Ink's last frame must be the one that leaves these rows blank; it comes back here when it is.
    if (isClosed) return
    if (framed !== layout) {
      drawnAhead = null
      return
    }
    const start = performance.now()
    portal.draw(layout, (panel) => drawPanel(scene(), panel))
    portal.show()
    painted = { ...painted, at: start }
    took = [...took, performance.now() - start].slice(-MEASURED)
  }

  function repaint(): void {
    portal.forget()
    paint()
  }

  function frame(): void {
    timer = null
    if (isClosed) return
    // A terminal that does not keep up gets fewer frames; it must never make the recorder wait.
    if (terminal.writableNeedDrain) waitForTerminal()
    else {
      const restMs = painted.chromeAt + CHROME_MS - performance.now()
      if (restMs <= 0) recompose()
      // Nothing else may change after this: the last words of the header must not wait for it.
      else late ??= setTimeout(lateChrome, restMs)
      paint()
    }
  }

  /** Where a frame is due anyway it brings them. */
  function lateChrome(): void {
    late = null
    if (timer === null && !isClosed && !terminal.writableNeedDrain) recompose()
  }

  function waitForTerminal(): void {
    if (isWaiting) return
    isWaiting = true
    terminal.once('drain', () => {
      isWaiting = false
      schedule()
    })
  }

  function schedule(): void {
    if (timer || isClosed || isWaiting) return
    // The cheapest of them: one that was compiled first, or had figures of a phase to work out, says nothing of the next.
    const pause = Math.max(FRAME_MS, took.length < MEASURED ? 0 : Math.min(...took) * SHARE)
    timer = setTimeout(frame, Math.max(0, painted.at + pause - performance.now()))
  }

  function apply(next: ScreenState): void {
    if (next === state) return
    if (next.frozen !== state.frozen) source = next.frozen ? freeze(current, catalog) : current
    state = next
    answer()
  }

  function answer(): void {
    painted.chromeAt = 0
    // A key is answered at once, unless the terminal has not even taken the last frame.
    if (terminal.writableNeedDrain) waitForTerminal()
    else {
      recompose()
      paint()
    }
  }

  /** Goes to the worst phase once, when all of a recording is read: never under the hands of who has chosen another, or is amid something. */
  function goToWorst(): void {
    if (isWhole || (input.progress?.() ?? null) !== null) return
    isWhole = true
    // The line says no longer that it is being read.
    painted.chromeAt = Number.NEGATIVE_INFINITY
    const { prompt, frozen, time } = state
    const worst = worstOf(input.model, catalog)
    if (hasChosenPhase || prompt || frozen || time.brush || time.reading || !worst) return
    state = { ...state, phaseId: worst.phase.id }
  }

  function follow({ state: next, effect }: Update): void {
    hasChosenPhase ||= next.phaseId !== state.phaseId
    apply(next)
    if (!effect) return
    if (isSpanEffect(effect)) {
      spans.perform(effect, source.model)
      answer()
    } else input.onEffect(effect, { scene: scene(), layout })
  }

  return {
    press: (key) => {
      spans.heard()
      follow(press(scene(), key, bodyOf(scene(), layout)))
    },
    point: (pointer) => {
      // Moving the pointer says nothing of what was read.
      if (pointer.kind === 'press') spans.heard()
      follow(point(scene(), pointer, layout))
    },
    tell: (message) => apply(withMessage(state, message)),
    changed: () => {
      goToWorst()
      if (!state.frozen) schedule()
    },
    resized: () => {
      layout = layoutOf(terminal)
      recompose()
    },
    committed: (next) => {
      if (next === committed) return
      committed = next
      // Before the lines around it stand: the first picture takes a while, and a blank panel would be seen meanwhile.
      portal.draw(next, (panel) => drawPanel(scene(), panel))
      drawnAhead = next
    },
    framed: () => {
      if (framed === committed) return
      framed = committed
      if (isClosed || framed !== layout || drawnAhead !== layout) {
        repaint()
        return
      }
      portal.forget()
      portal.show()
    },
    repaint,
    chrome: () => chrome,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => {
      isClosed = true
      spans.close()
      for (const one of [timer, late]) if (one) clearTimeout(one)
    },
  }
}

/** The same lines in the same places; a layout made anew wants to be written, whatever it holds. */
const isSame = (a: Chrome, b: Chrome): boolean =>
  a.layout === b.layout &&
  (['header', 'tabs', 'footer'] as const).every((part) => a[part].every((line, i) => line === b[part][i]))
