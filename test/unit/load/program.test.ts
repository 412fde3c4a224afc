import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findOfSystem, findOnPath } from '../../../audit/load/program.ts'

/** A folder with a program of that name, first on the PATH. */
function folderWith(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'probe-program-'))
  writeFileSync(join(folder, name), '#!/bin/sh\n')
  chmodSync(join(folder, name), 0o755)
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
    vi.unstubAllEnvs()
  })
  return folder
}

test('a load tool is taken from the PATH, but from no folder that depends on where one stands', () => {
  const folder = folderWith('k6')
  expect(findOnPath('k6', `/nowhere:${folder}`)).toBe(join(folder, 'k6'))
  for (const path of [relative('.', folder), '', '.']) expect(findOnPath('k6', path)).toBeNull()
})

test.each(['setpriv', 'taskset', 'mkfifo', 'sh'])('%s is never taken from the PATH', (name) => {
  const folder = folderWith(name)
  vi.stubEnv('PATH', `${folder}:.`)
  expect(findOnPath(name)).toBe(join(folder, name))
  expect(findOfSystem(name) ?? '/').toMatch(/^\/(?:usr\/|bin\/|sbin\/|$)/)
})
