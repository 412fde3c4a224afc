import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { attach, type Line, tracersOf } from './attach.ts'
import { eventually } from './lines.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

/** Reads its maps all the time: while its thread is in a bpf() call, the kernel skips other programs on that processor. */
const AGENT = `tracepoint:raw_syscalls:sys_enter { @calls[tid, args->id] = count(); }
tracepoint:sched:sched_switch { @switches[args->next_pid] = count(); }
interval:ms:10 { print(@calls); print(@switches); }`
const AGENTS = 3

kernelSuite('events that the kernel skips while other BPF programs run', () => {
  test('are told as loss of their own kind, as many as the kernel counted, and no loss is claimed of such a run', async () => {
    const program = await startWorkload('syscalls', ['--rounds', '6'])
    const attached = await attach(['syscalls', 'off-cpu', '--pid', String(program.pid)])
    const [tracer = 0] = tracersOf(attached)
    const before = skippedBy(tracer)
    const agents = Array.from({ length: AGENTS }, startAgent)
    await eventually('the kernel skips events', () => skippedBy(tracer) > before + 10, 30_000)
    program.say('go')
    await program.hear('truth', z.object({}))
    for (const agent of agents) await agent.stop()
    const atTheLeast = skippedBy(tracer)
    await attached.until('overhead', ({ skipped_events: skipped }) => (skipped ?? 0) >= atTheLeast)
    const atTheMost = skippedBy(tracer)
    const { code } = await attached.stop()
    expect(code).toBe(130)

    expect(atTheLeast).toBeGreaterThan(before)
    const lost = sumOf(attached.records, 'skipped')
    expect(lost).toBeGreaterThanOrEqual(atTheLeast)
    // Detaching may skip a few more; what is told is what the last sample had, and that is before it.
    expect(lost).toBe(lastSkipped(attached.records))
    expect(atTheMost).toBeLessThanOrEqual(lost)
    const summary = attached.records.find((record) => record.type === 'summary')
    expect(summary?.type === 'summary' ? summary.loss['skipped'] : null).toBe(lost)
  })
})

const sumOf = (records: readonly Line[], kind: string): number =>
  records.reduce((sum, record) => sum + (record.type === 'loss' && record.kind === kind ? record.count : 0), 0)

function lastSkipped(records: readonly Line[]): number | null {
  const last = records.findLast((record) => record.type === 'overhead')
  return last?.type === 'overhead' ? (last.skipped_events ?? null) : null
}

/** The kernel's own count over all programs of a tracer, read beside the product. */
function skippedBy(pid: number): number {
  return readdirSync(`/proc/${pid}/fdinfo`).reduce((sum, fd) => {
    try {
      const text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')
      return sum + Number(/^recursion_misses:\s*(\d+)/m.exec(text)?.[1] ?? 0)
    } catch {
      return sum // closed since it was listed
    }
  }, 0)
}

function startAgent(): { stop: () => Promise<void> } {
  const child = spawn('bpftrace', ['-e', AGENT], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(stop)
  return { stop }
}
