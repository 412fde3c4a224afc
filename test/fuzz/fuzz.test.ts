import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findingText, fuzz } from './run.ts'
import { targets } from './targets.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 1)

describe('a reader of what others wrote neither falls over nor stands still', () => {
  test.for(Object.entries(targets))('%s', async ([target, { cases }]) => {
    const { findings, cases: done } = await fuzz({ target, seed: SEED, cases })
    expect(findings.map(findingText).join('\n')).toBe('')
    expect(done).toBe(cases)
  })
})

/** A reader that does all of it wrong (broken-child.ts): what does not find these finds nothing. */
describe('the fuzzer finds', () => {
  const keep = mkdtempSync(join(tmpdir(), 'probe-fuzz-found-'))
  afterAll(() => rmSync(keep, { recursive: true }))

  test.for([
    ['defect', /not foreseen: Cannot read properties of undefined/],
    ['harm', /the answer holds U\+9b/],
    ['stray', /a rejection that nobody handled/],
    ['crash', /ended with (SIGABRT|134|3)/],
    ['heap', /ended with (SIGABRT|134): .*heap/],
    ['hang', /no end after 2 s of CPU time/],
    ['memory', /\d{3,} MiB were resident/],
  ] as const)('a %s, and keeps its input', async ([target, message]) => {
    const child = join(import.meta.dirname, 'broken-child.ts')
    const { findings, cases } = await fuzz({ target, seed: SEED, cases: 5, keep, child })
    expect(findings.map(findingText).join('\n')).toMatch(message)
    const [first] = findings
    expect(first && readFileSync(first.file, 'utf8')).toBe('case 2')
    // The others have their turn.
    expect(cases + (['defect', 'harm', 'memory', 'stray'].includes(target) ? 0 : 1)).toBeGreaterThanOrEqual(4)
  })
})
