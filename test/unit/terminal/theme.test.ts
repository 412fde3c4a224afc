import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { askBackground } from '../../../ui/terminal/background.ts'
import { isAsciiOnly, themeOfBackground, themeOfEnvironment, wantsLines } from '../../../ui/terminal/theme.ts'

describe('the environment', () => {
  it.each([
    ['15;0', 'dark'],
    ['0;15', 'light'],
    ['0;default;15', 'light'],
    ['0;7', 'light'],
    ['7;8', 'dark'],
    ['', null],
    ['default;default', null],
  ])('COLORFGBG=%s is %s', (COLORFGBG, theme) => {
    expect(themeOfEnvironment({ COLORFGBG })).toBe(theme)
  })

  it.each([
    [{}, false],
    [{ LANG: 'C.UTF-8' }, false],
    [{ LANG: 'en_GB.utf8' }, false],
    [{ LANG: 'C' }, true],
    [{ LANG: 'de_DE.ISO-8859-1' }, true],
    [{ LANG: 'en_GB.UTF-8', LC_ALL: 'C' }, true],
    [{ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }, false],
  ])('%j: only ASCII is %s', (env, expected) => {
    expect(isAsciiOnly(env)).toBe(expected)
  })

  it('asks for lines for a screen reader and for a dumb terminal', () => {
    expect([{}, { INK_SCREEN_READER: 'true' }, { TERM: 'dumb' }].map(wantsLines)).toEqual([false, true, true])
  })
})

describe('themeOfBackground', () => {
  it.each([
    ['rgb:0000/0000/0000', 'dark'],
    ['rgb:ffff/ffff/ffff', 'light'],
    ['rgb:ff/ff/f0', 'light'],
    ['rgba:fdfd/f6f6/e3e3/ffff', 'light'],
    ['rgb:0000/2b2b/3636', 'dark'],
    ['rgb:2828/2c2c/3434', 'dark'],
    ['white', null],
    ['', null],
  ])('%s is %s', (colour, theme) => {
    expect(themeOfBackground(colour)).toBe(theme)
  })
})

describe('asking a terminal for its background', () => {
  /** A terminal whose bytes come in the pieces given, after the question. */
  function ask(pieces: readonly string[], patienceMs = 60_000) {
    const stdin = new (class extends EventEmitter {
      queue: Buffer[] = []
      kept = ''
      read = () => this.queue.shift() ?? null
      unshift = (bytes: Buffer) => {
        this.kept += bytes.toString()
      }
    })()
    let asked = ''
    const write = (bytes: string) => {
      asked += bytes
      for (const piece of pieces)
        setImmediate(() => {
          stdin.queue.push(Buffer.from(piece))
          stdin.emit('readable')
        })
    }
    const theme = askBackground({ stdin, write }, patienceMs)
    return { stdin, theme, asked: () => asked }
  }

  it('takes its answer', async () => {
    const { theme, asked, stdin } = ask(['\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c'])
    expect(await theme).toBe('light')
    expect(asked()).toBe('\x1b]11;?\x1b\\\x1b[c')
    expect(stdin.kept).toBe('')
    expect(stdin.eventNames()).toEqual([])
  })

  it('waits for no answer to a question that the terminal does not know', async () => {
    expect(await ask(['\x1b[?1;2c']).theme).toBeNull()
  })

  it('keeps the keys typed meanwhile, whole, also around an answer in pieces', async () => {
    const { theme, stdin } = ask(['2é', '\x1b]11;rgb:0000/00', '00/0000\x07', 'j\x1b[?6', '2cq'])
    expect(await theme).toBe('dark')
    expect(stdin.kept).toBe('2éjq')
  })

  it('goes on without an answer after a while, and when the terminal has gone', async () => {
    expect(await ask([], 1).theme).toBeNull()
    const { theme, stdin } = ask([])
    stdin.emit('end')
    expect(await theme).toBeNull()
  })
})
