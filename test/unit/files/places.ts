import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export const NOBODY = 65534
export const isRoot = process.geteuid?.() === 0

/** A folder of our own for the test that runs. */
export function ownFolder(): string {
  const folder = mkdtempSync('/tmp/probe-files-test-')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function folderIn(parent: string, name: string, { mode = 0o755, uid = process.geteuid?.() ?? 0 } = {}): string {
  const path = join(parent, name)
  mkdirSync(path)
  chmodSync(path, mode)
  if (isRoot) chownSync(path, uid, uid)
  return path
}
