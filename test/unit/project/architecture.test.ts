import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** A miniature of the project, in which each file breaks one rule. */
const sound = {
  'files/index.ts': 'export const files = 1\n',
  'files/walk.ts': 'export const walk = 1\n',
  'probes/path.ts': "export { files } from '../files/index.ts'\n",
  'probes/index.ts': 'export interface Probe { name: string }\nexport const probes = 1\n',
  'probes/catalog/deep.ts': 'export interface Deep { name: string }\n',
  'audit/index.ts': "export type { Probe } from '../probes/index.ts'\nexport const audit = 1\n",
  'audit/demo.ts': "export { start } from '../fixtures/targets/start.ts'\n",
  'ui/index.ts': "export { audit } from '../audit/index.ts'\n",
  'cli/main.ts': "import { audit } from '../ui/index.ts'\nexport const main = audit\n",
  'fixtures/targets/start.ts': 'export const start = 1\n',
  'fixtures/targets/parts.ts': 'export const parts = 1\n',
}

const wrong: [file: string, rule: string, source: string][] = [
  ['files/a.ts', 'files-arrows', "import type { Probe } from '../probes/index.ts'\nexport type A = Probe\n"],
  ['audit/d.ts', 'through-the-index', "export { walk } from '../files/walk.ts'\n"],
  ['probes/a.ts', 'probes-arrows', "import { audit } from '../audit/index.ts'\nexport const a = audit\n"],
  ['probes/b.ts', 'probes-arrows', "import type { Probe } from '../audit/index.ts'\nexport type B = Probe\n"],
  ['probes/c.ts', 'probes-arrows', "import { start } from '../fixtures/targets/start.ts'\nexport const c = start\n"],
  ['audit/a.ts', 'audit-arrows', "export * from '../ui/index.ts'\n"],
  ['audit/b.ts', 'through-the-index', "import type { Deep } from '../probes/catalog/deep.ts'\nexport type B = Deep\n"],
  ['audit/c.ts', 'through-the-index', "export { parts } from '../fixtures/targets/parts.ts'\n"],
  ['ui/a.tsx', 'ui-arrows', "export const load = () => import('../cli/main.ts')\n"],
  ['ui/b.tsx', 'ui-arrows', "import type { main } from '../cli/main.ts'\nexport type B = typeof main\n"],
  ['cli/a.ts', 'through-the-index', "export { Deep } from '../probes/catalog/deep.ts'\n"],
  ['cli/b.ts', 'resolvable', "export { nothing } from './missing.ts'\n"],
  ['cli/c.ts', 'shipped-dependencies-only', "import { test } from 'vitest'\nexport const c = test\n"],
  ['fixtures/targets/a.ts', 'fixtures-arrows', "export { audit } from '../../audit/index.ts'\n"],
  ['ui/circle-1.ts', 'no-circular', "export { two } from './circle-2.ts'\nexport const one = 1\n"],
  ['ui/circle-2.ts', 'no-circular', "export { one } from './circle-1.ts'\nexport const two = 2\n"],
]

describe('the dependency rules', () => {
  let folder = ''
  const violations = new Map<string, string[]>()
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'probe-architecture-'))
    for (const file of ['.dependency-cruiser.mjs', 'package.json']) cpSync(join(root, file), join(folder, file))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const files = [...Object.entries(sound), ...wrong.map(([file, , source]) => [file, source] as const)]
    for (const [file, source] of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), source)
    }
    const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
    const rooms = ['files', 'probes', 'audit', 'ui', 'cli', 'fixtures']
    const json = spawnSync(process.execPath, [cruiser, '--output-type', 'json', ...rooms], {
      cwd: folder,
      encoding: 'utf8',
    })
    const report = JSON.parse(json.stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } }
    for (const { from, rule } of report.summary.violations)
      violations.set(from, [...(violations.get(from) ?? []), rule.name])
  }, 30_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each(wrong)('refuse %s: %s', (file, rule) => {
    // dependency-cruiser reports a circle at one of its members
    const reported = rule === 'no-circular' ? [...violations.values()].flat() : (violations.get(file) ?? [])
    expect(reported).toContain(rule)
  })

  test.each(Object.keys(sound))('accept %s', (file) => {
    expect(violations.get(file)).toBeUndefined()
  })
})

describe('inline import types, which the dependency rules do not see', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'probe-lint-'))
    const plugin = 'cli/setup/no-inline-import-type.grit'
    writeFileSync(join(folder, 'biome.json'), JSON.stringify({ plugins: [join(root, plugin)] }))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each([
    ['a type', true, "export type A = import('./b.ts').B\n"],
    ['typeof a module', true, "export type A = typeof import('./b.ts')\n"],
    ['an import statement', false, "import type { B } from './b.ts'\nexport type A = B\n"],
    ['a dynamic import', false, "export const a = () => import('./b.ts')\n"],
  ])('are refused by the linter: %s, %s', (_what, refused, source) => {
    writeFileSync(join(folder, 'a.ts'), source)
    const lint = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', 'a.ts'], { cwd: folder, encoding: 'utf8' })
    expect(lint.stderr.includes('do not see inline import types')).toBe(refused)
    expect(lint.status).toBe(refused ? 1 : 0)
  })
})
