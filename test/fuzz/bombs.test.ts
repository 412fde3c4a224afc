import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { bombs, placeOf } from './bombs.ts'
import { cpuSecondsOf } from './run.ts'

const probe = join(import.meta.dirname, '../../cli/bin.sh')
const folder = mkdtempSync(join(tmpdir(), 'probe-bombs-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** CPU time, not time: the machine may be busy. Node itself takes 0.3 s of it. */
const MOST_CPU_S = 6
const MOST_MIB = 512
const POLL_MS = 10

interface Ended {
  code: number | null
  signal: string | null
  said: string
  mib: number
}

/** Runs probe as a user does; ends it when it uses more CPU time than any small file may cost. */
async function run(args: readonly string[]): Promise<Ended> {
  const child = spawn('sh', [probe, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-400_000)
    })
  let mib = 0
  const watch = setInterval(() => {
    if ((cpuSecondsOf(child.pid) ?? 0) > MOST_CPU_S) child.kill('SIGKILL')
    mib = Math.max(mib, peakMib(child.pid))
  }, POLL_MS)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (exit, by) => resolve([exit, by])),
  )
  clearInterval(watch)
  return { code, signal, said, mib }
}

function peakMib(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0 // it is gone
  }
}

describe('a small file neither fills the memory nor keeps the processor', () => {
  test.for(Object.entries(bombs))('%s', async ([, bomb]) => {
    const path = placeOf(folder, bomb)
    writeFileSync(path, bomb.make())
    try {
      for (const [command = '', ...flags] of bomb.commands) {
        const { code, signal, said, mib } = await run([command, path, ...flags])
        expect({ code, signal, said }).toEqual({
          code: expect.toBeOneOf([0, 2]),
          signal: null,
          said: expect.any(String),
        })
        expect(said).not.toMatch(/defect of probe|\n\s+at \S/)
        if (bomb.says) expect(said).toMatch(bomb.says)
        expect(mib).toBeLessThan(MOST_MIB)
      }
    } finally {
      rmSync(path)
    }
  })
})
