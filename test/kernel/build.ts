import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const sources = fileURLToPath(new URL('../../fixtures/workloads/', import.meta.url))
const binaries = join(sources, 'bin')

/** Path of a ground-truth program (fixtures/workloads/NAME.c), compiled when it is missing or older than its source. */
export function workloadBinary(name: string): string {
  const binary = join(binaries, name)
  const source = join(sources, `${name}.c`)
  const newest = Math.max(changedMs(source), changedMs(join(sources, 'protocol.h')))
  if (changedMs(binary) < newest) {
    mkdirSync(binaries, { recursive: true })
    const fresh = `${binary}.${process.pid}`
    execFileSync(
      'gcc',
      ['-O1', '-g', '-fno-omit-frame-pointer', '-pthread', '-Wall', '-Wextra', '-Werror', '-o', fresh, source],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
    renameSync(fresh, binary)
  }
  return binary
}

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
