import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** All of it takes some 20 s; one parser that is quadratic would take more than an hour. */
const CPU_SECONDS = 300

test('no text of a megabyte, however odd, takes a parser longer than its length', ({ annotate }) => {
  const program = fileURLToPath(new URL('parse-hostile.ts', import.meta.url))
  // By the kernel's count of CPU time and not by a clock: this machine may be busy.
  const limited = `ulimit -t ${CPU_SECONDS}; exec "$@"`
  const { status, signal, stdout, stderr } = spawnSync('sh', ['-c', limited, 'sh', process.execPath, program], {
    encoding: 'utf8',
  })
  const parsers = stdout.trimEnd().split('\n')
  expect({ status, signal, stderr, after: parsers.at(-1) }).toMatchObject({ status: 0, signal: null, stderr: '' })
  expect(parsers.at(-1)).toMatch(/^\d{4,} calls$/)
  void annotate(`${parsers.length - 1} parsers, ${parsers.at(-1)}`)
}, 600_000)
