import { expect, test } from 'vitest'
import { type ModuleFacts, summary } from '../../summary-reporter.ts'

const module: ModuleFacts = {
  errors: 0,
  tests: [
    { name: 'a', state: 'passed' },
    { name: 'b', state: 'failed' },
    { name: 'c', state: 'skipped', reason: 'needs root' },
    { name: 'd', state: 'skipped', reason: 'needs root' },
    { name: 'e', state: 'skipped' },
  ],
}

test('the last line counts what passed, failed and was skipped', () => {
  expect(summary([module, module], 0)).toMatch(/\n2 passed, 2 failed, 6 skipped\n$/)
})

test('skipped tests are listed once under each reason', () => {
  expect(summary([module], 0)).toContain('skipped (needs root):\n  c\n  d\nskipped (no reason given):\n  e\n')
})

test.each([
  ['a file that does not load', { errors: 1, tests: [] }, 0],
  ['an error outside of any test', { errors: 0, tests: [] }, 1],
  ['a test that never ran', { errors: 0, tests: [{ name: 'x', state: 'pending' }] }, 0],
] satisfies [string, ModuleFacts, number][])('%s counts as failed', (_what, facts, unhandled) => {
  expect(summary([facts], unhandled)).toMatch(/\n0 passed, 1 failed, 0 skipped\n$/)
})
