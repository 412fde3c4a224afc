import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSkipCount, parseSkipped } from '../../../audit/telemetry/skipped-events.ts'
import { countsSkippedEvents } from '../../../probes/index.ts'

const fdinfo = (misses: number) =>
  `pos:\t0\nflags:\t02000002\nprog_type:\t5\nprog_id:\t1133\nrecursion_misses:\t${misses}\n`

/** A process in a tree like /proc that holds these programs, and a file that is none. */
function tracer(pid: number, misses: readonly number[]) {
  const root = mkdtempSync(join(tmpdir(), 'probe-proc-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const name of ['fd', 'fdinfo']) mkdirSync(join(root, String(pid), name), { recursive: true })
  symlinkSync('/dev/null', join(root, String(pid), 'fd/0'))
  const write = (i: number, count: number) => writeFileSync(join(root, String(pid), `fdinfo/${i + 3}`), fdinfo(count))
  for (const [i, count] of misses.entries()) {
    symlinkSync('anon_inode:bpf-prog', join(root, String(pid), `fd/${i + 3}`))
    write(i, count)
  }
  return { root, write, end: () => rmSync(join(root, String(pid)), { recursive: true }) }
}

describe('events that the kernel skipped', () => {
  test('are those of all programs together, told once', () => {
    const { root, write } = tracer(7, [3, 0, 4])
    const skips = createSkipCount(true, root)
    skips.read([7])
    expect([skips.total(), skips.grown(), skips.grown()]).toEqual([7, 7, 0])
    write(1, 5)
    skips.read([7])
    expect([skips.total(), skips.grown()]).toEqual([12, 5])
  })

  test('stay what they were when the tracer is gone', () => {
    const { root, end } = tracer(7, [3])
    const skips = createSkipCount(true, root)
    skips.read([7])
    end()
    skips.read([7])
    expect(skips.total()).toBe(3)
  })

  test('are unknown where the kernel does not count them, and none may be looked at: never zero', () => {
    const { root, write } = tracer(7, [0])
    const old = createSkipCount(false, root)
    old.read([7])
    expect(old.total()).toBeNull()
    write(0, 2) // of a program on a function's return, say: those are counted since 5.12
    old.read([7])
    expect(old.total()).toBe(2)
    const blind = createSkipCount(true, root)
    blind.read([8])
    expect([blind.total(), blind.grown()]).toEqual([null, 0])
  })

  test('have a line since Linux 5.12, and one that counts for tracepoints since 6.7', () => {
    expect(parseSkipped(fdinfo(48))).toBe(48)
    expect(parseSkipped('prog_type:\t5\nprog_id:\t1133\n')).toBeNull()
    expect([[5, 10] as const, [6, 6] as const, [6, 7] as const, [7, 0] as const].map(countsSkippedEvents)).toEqual([
      false,
      false,
      true,
      true,
    ])
  })
})
