import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sourceStamp } from '../../../cli/setup/stamp.mjs'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'probe-stamp-'))
  mkdirSync(join(root, 'probes/host'), { recursive: true })
  writeFileSync(join(root, 'probes/host/a.ts'), 'export {}')
  writeFileSync(join(root, 'package.json'), '{}')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const changes: [what: string, change: (root: string) => void, isStale: boolean][] = [
  [
    'a source is written again with the same text',
    (r) => writeFileSync(join(r, 'probes/host/a.ts'), 'export {}'),
    false,
  ],
  ['a test changes', (r) => writeFileSync(join(r, 'a.test.ts'), ''), false],
  ['a source changes', (r) => writeFileSync(join(r, 'probes/host/a.ts'), 'export { }'), true],
  ['a source is new', (r) => writeFileSync(join(r, 'probes/b.ts'), ''), true],
  ['a source is gone', (r) => rmSync(join(r, 'probes/host/a.ts')), true],
  ['package.json changes', (r) => writeFileSync(join(r, 'package.json'), '{"version":"2.0.0"}'), true],
]

test.each(changes)('the build is stale or not when %s', (_what, change, isStale) => {
  const before = sourceStamp(root)
  change(root)
  expect(sourceStamp(root) !== before).toBe(isStale)
})
