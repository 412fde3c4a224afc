import { expect, test } from 'vitest'
import { LoadError, type LoadErrorCode } from '../../../audit/load/load-error.ts'

test.each<[LoadErrorCode, number]>([
  ['bad_script', 2],
  ['samples_unreadable', 2],
  ['tool_missing', 3],
  ['target_unreachable', 4],
  ['tls_failed', 4],
  ['generator_died', 5],
  ['tool_failed', 5],
])('%s ends the command line with exit code %i', (code, exitCode) => {
  expect(new LoadError(code, 'what happened').exitCode).toBe(exitCode)
})
