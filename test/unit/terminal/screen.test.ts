import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { profileOf } from '../../../audit/index.ts'
import type { Effect } from '../../../ui/terminal/bindings/binding.ts'
import { createScreen, type Screen } from '../../../ui/terminal/screen.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

function open(): { screen: Screen; terminal: ReturnType<typeof fakeTerminal>; grow: () => void; effects: Effect[] } {
  const run = syntheticRun(30)
  const terminal = fakeTerminal()
  const effects: Effect[] = []
  const screen = createScreen({
    model: run.model,
    catalog: syntheticCatalog(),
    profileOf,
    title: '',
    live: true,
    sgr: () => '',
    terminal,
    onEffect: (effect) => effects.push(effect),
  })
  inkFrame(screen)
  const grow = () => {
    run.second()
    screen.changed()
  }
  return { screen, terminal, grow, effects }
}

/** What Ink does: React makes a frame, Ink writes it. */
function inkFrame(screen: Screen): void {
  screen.committed(screen.chrome().layout)
  screen.framed()
}

function fakeTerminal() {
  const drains: (() => void)[] = []
  const terminal = {
    columns: 100,
    rows: 30,
    writableNeedDrain: false,
    writes: [] as string[],
    write: (bytes: string) => terminal.writes.push(bytes),
    once: (_: 'drain', then: () => void) => drains.push(then),
    /** the terminal takes what was written */
    drain: () => {
      terminal.writableNeedDrain = false
      for (const then of drains.splice(0)) then()
    },
  }
  return terminal
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a screen', () => {
  it('paints one frame for many changes', () => {
    const { terminal, grow } = open()
    terminal.writes.length = 0
    for (let n = 0; n < 20; n++) grow()
    vi.advanceTimersByTime(1000)
    expect(terminal.writes).toHaveLength(1)
  })

  it('tells in its header what the last change was, though nothing comes after it', () => {
    const { screen, grow } = open()
    grow()
    vi.advanceTimersByTime(1000)
    const before = screen.chrome().header.join()
    for (let n = 0; n < 3; n++) {
      grow()
      vi.advanceTimersByTime(110)
    }
    vi.advanceTimersByTime(1000)
    const told = screen.chrome().header.join()
    expect(told).not.toBe(before)
    screen.resized()
    expect(screen.chrome().header.join()).toBe(told)
  })

  it('drops frames while the terminal does not keep up, and catches up once', () => {
    const { terminal, grow } = open()
    terminal.writes.length = 0
    terminal.writableNeedDrain = true
    for (let n = 0; n < 20; n++) {
      grow()
      vi.advanceTimersByTime(500)
    }
    expect(terminal.writes).toHaveLength(0)
    terminal.drain()
    vi.advanceTimersByTime(1000)
    expect(terminal.writes).toHaveLength(1)
  })

  it('does not paint before Ink has made room for it', () => {
    const { screen, terminal, grow } = open()
    terminal.writes.length = 0
    terminal.rows = 50
    screen.resized()
    grow()
    vi.advanceTimersByTime(1000)
    expect(terminal.writes).toHaveLength(0)
    inkFrame(screen)
    expect(terminal.writes).toHaveLength(1)
  })

  it('stands still while frozen and shows the present afterwards', () => {
    const { screen, terminal, grow } = open()
    screen.press('z')
    const frozen = screen.chrome().header[0]
    terminal.writes.length = 0
    for (let n = 0; n < 5; n++) grow()
    vi.advanceTimersByTime(1000)
    expect(terminal.writes).toHaveLength(0)
    expect(screen.chrome().header[0]).toBe(frozen)
    screen.press('z')
    expect(screen.chrome().header[0]).toContain('00:10')
  })

  it('answers a key at once and passes on what it asks for', () => {
    const { screen, terminal, effects } = open()
    terminal.writes.length = 0
    screen.press('4')
    expect(terminal.writes).toHaveLength(1)
    screen.press('q')
    expect(effects).toEqual([{ do: 'quit' }])
  })

  it('asks Ink for a frame only when one of its lines has changed', () => {
    const { screen, grow } = open()
    const frames: unknown[] = []
    screen.subscribe(() => frames.push(screen.chrome()))
    for (let n = 0; n < 20; n++) {
      screen.changed()
      vi.advanceTimersByTime(500)
    }
    expect(frames).toHaveLength(0)
    grow()
    vi.advanceTimersByTime(500)
    expect(frames).toHaveLength(1)
  })

  it('writes nothing after it is closed', () => {
    const { screen, terminal, grow } = open()
    grow()
    screen.close()
    terminal.writes.length = 0
    vi.advanceTimersByTime(1000)
    screen.repaint()
    expect(terminal.writes).toHaveLength(0)
  })
})

describe('a recording', () => {
  /** A replay of which `share` is read; its worst phase is not its last. */
  function replay(share: { read: number | null }) {
    const { model } = syntheticRun(60)
    const [, baseline, stress] = model.phases
    if (!baseline || !stress) throw new Error('there are three phases')
    const last = { ...baseline, id: 3, name: 'recovery', kind: 'recovery', startUs: 60e6, endUs: 80e6 }
    model.phases.push(last)
    model.current = last
    stress.endUs = 60e6
    const screen = createScreen({
      ...{ model, catalog: syntheticCatalog(), profileOf, title: '', live: false, sgr: () => '' },
      progress: () => share.read,
      terminal: fakeTerminal(),
      onEffect: () => undefined,
    })
    inkFrame(screen)
    const shown = () => {
      vi.advanceTimersByTime(1000)
      return screen.chrome().header[0] ?? ''
    }
    return { screen, shown }
  }

  it('opens at its worst phase when all of it was read before', () => {
    expect(replay({ read: null }).shown()).toMatch(/stress 3\/4 ▲ worst/)
  })

  it('goes there when all of it is read, and not before', () => {
    const share: { read: number | null } = { read: 0.5 }
    const { screen, shown } = replay(share)
    screen.changed()
    expect(shown()).toContain('recovery 4/4')
    expect(screen.chrome().footer[0]).toContain('reading the recording: 50 %')
    share.read = null
    screen.changed()
    expect(shown()).toContain('stress 3/4')
    expect(screen.chrome().footer[0]).toContain('stress is worst')
  })

  it.each([
    ['has chosen a phase', ['P'], /recovery 4\/4/],
    ['has chosen to follow again', ['P', 'p'], /recovery 4\/4/],
    ['is asked something', ['/'], /recovery 4\/4/],
    ['looks at another tab only', ['3'], /stress 3\/4/],
  ])('stays under the hands of who %s', (_, keys, expected) => {
    const share: { read: number | null } = { read: 0.5 }
    const { screen, shown } = replay(share)
    for (const key of keys) screen.press(key)
    share.read = null
    screen.changed()
    expect(shown()).toMatch(expected)
  })
})
