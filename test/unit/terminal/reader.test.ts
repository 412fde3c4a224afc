import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { profileOf } from '../../../audit/index.ts'
import { openReader } from '../../../ui/terminal/reader.ts'
import { readerKeys, tabLines } from '../../../ui/terminal/reader-text.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, tabsOf } from '../../../ui/terminal/state.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

function fakeTerminal() {
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true,
    raw: false,
    setRawMode: (on: boolean) => {
      stdin.raw = on
      return stdin
    },
    pause: () => stdin,
    resume: () => stdin,
  })
  const stdout = Object.assign(new EventEmitter(), {
    writableNeedDrain: false,
    written: [] as string[],
    write: (text: string) => stdout.written.push(text) > 0,
  })
  return { stdin, stdout }
}

function open({ live = true, ascii = false } = {}) {
  const run = syntheticRun(30)
  const terminal = fakeTerminal()
  let changed: () => void = () => undefined
  const closing = new AbortController()
  const end = openReader(
    {
      model: run.model,
      catalog: syntheticCatalog(),
      subscribe: (listener) => {
        changed = listener
        return () => {
          changed = () => undefined
        }
      },
      onQuit: () => undefined,
      title: 'run.ndjson',
      live,
      signal: closing.signal,
    },
    ascii,
    terminal as unknown as Parameters<typeof openReader>[2],
  )
  return {
    ...terminal,
    end,
    closing,
    grow: () => {
      run.second()
      changed()
    },
    press: (keys: string) => terminal.stdin.emit('data', Buffer.from(keys)),
    text: () => terminal.stdout.written.join(''),
  }
}

const scene = (): Scene => ({
  model: syntheticRun(60).model,
  catalog: syntheticCatalog(),
  profileOf,
  state: initialState,
  live: true,
  title: '',
})

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the screen as lines', () => {
  it('begins with its keys and where the run is, without a single escape', async () => {
    const { text, press, end, stdin } = open()
    expect(text()).toMatch(/^keys: o Overview, w Waits, c Calls, s Stalls, y System, l Log, .*q quit\n/)
    expect(text()).toMatch(/api\[4242] \+3; phase stress, 3 of 3; 00:05 of 15:00; requests 4\.\d+ k\/s; p99 \S+ ms; /)
    expect(text()).not.toContain('\x1b')
    expect(stdin.raw).toBe(true)
    press('q')
    expect(await end).toBe('left')
    expect(stdin.raw).toBe(false)
  })

  it('says what changed every five seconds at most, and nothing where nothing did', () => {
    const { stdout, grow } = open()
    const before = stdout.written.length
    for (let n = 0; n < 10; n++) {
      grow()
      vi.advanceTimersByTime(1000)
    }
    expect(stdout.written.length - before).toBeGreaterThanOrEqual(1)
    expect(stdout.written.length - before).toBeLessThanOrEqual(2)
    vi.advanceTimersByTime(60_000)
    const calm = stdout.written.length
    vi.advanceTimersByTime(60_000)
    expect(stdout.written.length).toBe(calm)
  })

  it('writes nothing to a terminal that does not keep up, nor while it is silent', () => {
    const { stdout, grow, press, text } = open()
    const before = text()
    stdout.writableNeedDrain = true
    grow()
    vi.advanceTimersByTime(10_000)
    expect(text()).toBe(before)
    stdout.writableNeedDrain = false
    press('z')
    grow()
    vi.advanceTimersByTime(10_000)
    expect(text()).toBe(`${before}silent\n`)
  })

  it('reads a tab by its letter', () => {
    const { press, text } = open()
    press('w')
    expect(text()).toContain('How long do callers wait at the counter? In stress:\nserved: 4.80 k/s\n')
    expect(text()).toMatch(/waited: p50 9\.\d+ ms, p99 39\.\d ms, max/)
    press('s')
    expect(text()).toMatch(/blocked: [\d.]+ s, most in \w+ [\d.]+ %/)
    press('y')
    expect(text()).toMatch(/System, in stress:\naccept-queue overflows: \S+, none in baseline\n/)
  })

  it('goes through the phases', () => {
    const { press, text } = open()
    press('pp')
    expect(text()).toContain('phase idle, 1 of 3')
    expect(text()).toContain('phase baseline, 2 of 3')
  })

  it('ends a replay with the summary, and a lost terminal without a word', async () => {
    const replay = open({ live: false })
    replay.press('\x03')
    expect(await replay.end).toBe('left')
    expect(replay.text()).toMatch(/\ncost +tracer .*\n/)
    const lost = open({ live: false })
    const said = lost.text()
    lost.stdin.emit('error', new Error('EIO'))
    expect(await lost.end).toBe('lost')
    expect(lost.text()).toBe(said)
    // Whatever else fails at a terminal that is gone finds a listener.
    expect(() => lost.stdout.emit('error', new Error('EIO'))).not.toThrow()
  })

  it('is closed from outside', async () => {
    const { closing, end } = open()
    closing.abort()
    expect(await end).toBe('left')
  })

  it('is plain ASCII where that is asked for', () => {
    const { press, text } = open({ ascii: true })
    press('ows')
    expect(text()).toMatch(/^[\x0a\x20-\x7e]*$/)
  })
})

describe('readerKeys', () => {
  it('gives each tab a letter of its own', () => {
    const keys = readerKeys(scene()).map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys).toHaveLength(6 + 4)
  })
})

describe('tabLines', () => {
  it('says of every tab what a person can read, also before there is anything', () => {
    for (const model of [syntheticRun(60).model, syntheticRun(0).model]) {
      const here = { ...scene(), model }
      for (const tab of tabsOf(model, here.catalog)) {
        const text = tabLines(here, tab).join('\n')
        expect(text.trim()).not.toBe('')
        expect(text).not.toMatch(/NaN|undefined|Infinity|null/)
      }
    }
  })
})
