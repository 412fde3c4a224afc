import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A file with this content that is removed when the test has ended. */
export function fileWith(content: string | Uint8Array, name = 'file'): string {
  const directory = mkdtempSync(join(tmpdir(), 'probe-stacks-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

/** A recorded file of another tool. */
export const sample = (name: string): string => join(import.meta.dirname, '../../../fixtures/samples', name)
