import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesUnder } from '../../../cli/setup/stamp.mjs'

const root = join(import.meta.dirname, '../../..')
/** What is part of the product and runs, maybe as root, on hosts of others. */
const rooms = ['probes', 'audit', 'ui', 'cli', 'fixtures/targets']
/** Run in a checkout, by who works on the project. */
const ofTheCheckout = /^cli\/setup\//
/** Of a page that a browser shows. */
const ofTheBrowser = /^ui\/flame\/viewer\//

/** Functions of node:fs that change something, each also as ...Sync. */
const writers = [
  ...[
    'appendFile',
    'chmod',
    'chown',
    'copyFile',
    'cp',
    'createWriteStream',
    'fchmod',
    'fchown',
    'ftruncate',
    'futimes',
  ],
  ...[
    'lchmod',
    'lchown',
    'link',
    'lutimes',
    'mkdir',
    'mkdtemp',
    'mkdtempDisposable',
    'rename',
    'rm',
    'rmdir',
    'symlink',
  ],
  ...['truncate', 'unlink', 'utimes', 'write', 'writeFile', 'writev'],
]
const isWriter = (name: string) => writers.includes(name.replace(/Sync$/, ''))

/** What in a source writes, other than through files/: names as they stand there. */
function writesIn(text: string): string[] {
  const source = text.replace(/^\s*(?:\/\/|\*).*$/gm, '')
  const found: string[] = []
  for (const [, clause = ''] of source.matchAll(/import\s+([^;'"]*?)\s+from\s+['"](?:node:)?fs(?:\/promises)?['"]/g)) {
    const names = /^(?:type\s+)?\{([^}]*)\}$/.exec(clause.trim())?.[1]
    if (names === undefined) found.push(`import ${clause}`) // all of it, under a name
    for (const name of names?.split(',') ?? []) {
      const imported =
        name
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s+as\s+/)[0] ?? ''
      if (isWriter(imported) || imported === 'promises') found.push(imported)
    }
  }
  // Otherwise than by a plain import; files that are opened to write; what other programs would make for us.
  const others = [
    /(?:import|require)\(\s*['"](?:node:)?fs(?:\/promises)?['"]\s*\)/g,
    /\bgetBuiltinModule\b/g,
    /\bO_(?:WRONLY|RDWR|CREAT|APPEND|TRUNC)\b/g,
    /\bopen(?:Sync)?\([^()]*(?:\([^()]*\))?[^()]*,\s*['"](?!r['"])\w\+?['"]/g,
    /\.createWriteStream\(/g,
  ]
  return [...found, ...others.flatMap((pattern) => [...source.matchAll(pattern)].map(([text]) => text))]
}

describe('every file that is written goes through files/', () => {
  const sources = rooms
    .flatMap((room) => filesUnder(root, room))
    .filter((file) => /\.(ts|tsx|mjs|js)$/.test(file) && !ofTheCheckout.test(file) && !ofTheBrowser.test(file))

  test('the whole product is looked at', () => {
    expect(sources.length).toBeGreaterThan(300)
  })

  test('nothing else writes, makes, renames or removes', () => {
    const offenders = sources.flatMap((file) =>
      writesIn(readFileSync(join(root, file), 'utf8')).map((what) => `${file}: ${what}`),
    )
    expect(offenders).toEqual([])
  })

  test.each([
    "import { writeFile } from 'node:fs/promises'",
    "import { existsSync,\n  mkdirSync } from 'node:fs'",
    "import { rm as remove } from 'fs/promises'",
    "import fs from 'node:fs'",
    "import * as fs from 'node:fs'",
    "import { promises } from 'node:fs'",
    "const { unlink } = await import('node:fs/promises')",
    "const fs = require('fs')",
    "const file = await open(path, 'w')",
    "const file = openSync(join(a, b), 'a+')",
    'open(path, constants.O_WRONLY | constants.O_CREAT)',
    'file.createWriteStream()',
  ])('seen is %s', (source) => {
    expect(writesIn(source)).not.toEqual([])
  })

  test.each([
    "import { readFileSync, type Stats } from 'node:fs'",
    "import type { FileHandle } from 'node:fs/promises'",
    "import { open } from 'node:fs/promises'\nawait open(path)",
    "openSync(path, 'r')",
    'open(path, constants.O_RDONLY | constants.O_NONBLOCK)',
  ])('no objection to %s', (source) => {
    expect(writesIn(source)).toEqual([])
  })
})
