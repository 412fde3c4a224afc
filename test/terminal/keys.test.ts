import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bindings } from '../../ui/terminal/bindings/all.ts'
import { type Proof, proofs, type Seen, type Session } from './key-proofs.ts'
import { replayed } from './key-replay.ts'
import { startTmux, type Tmux } from './tmux.ts'

/** Every key of the table of bindings, in the place where it means something, does what the help says of it. */
const here = fileURLToPath(new URL('.', import.meta.url))
const node = `${here}../../node_modules/.bin/node`

const each = proofs.flatMap((proof) => proof.keys.map((key) => ({ ...proof, key, name: nameOf(proof.where, key) })))

describe('the table of keys', () => {
  it('has a proof for each key, and no proof is of a key that is not there', () => {
    const known = bindings.flatMap(({ where, keys }) => keys.map((key) => nameOf(where, key)))
    const proved = each.map(({ name }) => name)
    expect(known.filter((name) => !proved.includes(name))).toEqual([])
    expect(proved.filter((name) => !known.includes(name))).toEqual([])
    expect(proved.filter((name, i) => proved.indexOf(name) !== i)).toEqual([])
  })
})

/** What tmux calls the keys that bindings have names for; all others stand for themselves. */
const names: Readonly<Record<string, string>> = {
  ...{ enter: 'Enter', escape: 'Escape', backspace: 'BSpace', delete: 'DC', tab: 'Tab', 'shift-tab': 'BTab' },
  ...{ up: 'Up', down: 'Down', left: 'Left', right: 'Right', 'shift-left': 'S-Left', 'shift-right': 'S-Right' },
  ...{
    pageup: 'PPage',
    pagedown: 'NPage',
    home: 'Home',
    end: 'End',
    'ctrl-c': 'C-c',
    'ctrl-l': 'C-l',
    'ctrl-z': 'C-z',
  },
}

function nameOf(where: string, key: string): string {
  return `${where}: ${key === ' ' ? 'space' : key}`
}

/** What kind of run it is that keys act on: how it is opened, and opened afresh. */
interface Run {
  open: (folder: string) => string
  close?: () => void
}
let fifo = -1
const runs: Readonly<Record<NonNullable<Proof['on']>, Run>> = {
  still: { open: (folder) => `${here}drive-keys.ts ${folder}` },
  // Nothing comes through it, so a span of it is read until the reader leaves.
  unread: {
    open: (folder) => {
      execFileSync('mkfifo', [`${folder}/fifo`])
      fifo = openSync(`${folder}/fifo`, 'r+')
      return `${here}drive-keys.ts ${folder} ${folder}/fifo`
    },
    close: () => closeSync(fifo),
  },
  growing: { open: (folder) => `${here}drive.ts ${folder}/seconds 60 50` },
  replay: {
    open: (folder) => {
      writeFileSync(`${folder}/replay.ndjson`, replayed())
      return `${here}drive-replay.ts ${folder}/replay.ndjson`
    },
  },
}
const [COLUMNS, ROWS] = [100, 24]
const isAgain = new Set<Proof['on']>(['still', 'unread'])

describe.each(Object.keys(runs) as (keyof typeof runs)[])('keys on a run that is %s', (on) => {
  const own = each.filter((proof) => (proof.on ?? 'still') === on)
  let folder: string
  let tmux: Tmux
  let round = 0

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'probe-keys-'))
    tmux = startTmux(join(folder, 'socket'), COLUMNS, ROWS)
    tmux.run(`${node} ${runs[on].open(folder)}; echo over`)
  })
  afterAll(() => {
    tmux.kill()
    runs[on].close?.()
    rmSync(folder, { recursive: true })
  })

  async function fresh(rows = ROWS): Promise<void> {
    tmux.resize(COLUMNS, rows)
    round++
    if (round > 1 && isAgain.has(on)) process.kill(Number(readFileSync(`${folder}/pid`, 'utf8')), 'SIGUSR2')
    else if (round > 1) {
      tmux.keys('q')
      await tmux.until(/^over\nready:$/m)
      tmux.run(`clear; ${node} ${runs[on].open(folder)}; echo over`)
    }
    const title = isAgain.has(on) ? `round-${round}\n` : ''
    await tmux.until(
      (rows) => rows.join('\n').includes(title) && /^── /m.test(rows.join('\n')) && /q quit$/m.test(rows.join('\n')),
      `round ${round}`,
    )
  }

  const isThere = (seen: Seen, rows: readonly string[]): boolean =>
    typeof seen === 'function' ? seen(rows.join('\n')) : seen.test(rows.join('\n'))

  const session: Session = {
    press: (...keys) => {
      for (const key of keys) {
        const name = names[key]
        if (name) tmux.keys(name)
        else tmux.keys('-l', key)
      }
    },
    until: (wanted) => tmux.until((rows) => isThere(wanted, rows), String(wanted)),
    clipboard: () => tmux.clipboard(),
    written: () => {
      const [, path = ''] = /written: (\S+)/.exec(tmux.rows().join('\n')) ?? []
      return readFileSync(path, 'utf8')
    },
    isShells: () => !tmux.isAlternate() && !tmux.isPointed() && tmux.isCursorShown(),
    spoil: (text) => writeFileSync(tmux.path(), `\x1b7\x1b[1;9H${text}\x1b[12;9H${text}\x1b8`),
    seconds: () => readFileSync(`${folder}/seconds`, 'utf8').length,
  }

  it.each(own)('$name', async ({ key, from = [], at, before, look, shows, also, rows }) => {
    await fresh(rows)
    session.press(...from)
    if (at) await session.until(at)
    await before?.(session)
    // What is there already proves nothing.
    expect(isThere(shows, tmux.rows())).toBe(false)
    session.press(key)
    if (look) {
      // An escape and what follows at once are one key to a terminal.
      await tmux.settled()
      session.press(...look)
    }
    await session.until(shows)
    await also?.(session)
  })
})
