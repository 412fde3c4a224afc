import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Bpftrace } from '../../probes/host/bpftrace.ts'
import { readKernelTypes } from '../../probes/host/btf.ts'
import { RING_SUBMISSIONS } from '../../probes/host/io-uring.ts'
import type { Target } from '../../probes/host/target.ts'
import { dialectOf } from '../../probes/script/dialect.ts'
import { tracepoints } from '../../probes/script/tracepoints.ts'
import { type Choice, everyProbe, everyVariant, type ScriptOptions, script, targets } from '../unit/probes/scripts.ts'
import { kernelSuite } from './requirements.ts'
import { everyTracer } from './tracers.ts'

const run = promisify(execFile)
const TRACEFS = '/sys/kernel/tracing'
/** 0.22 has a switch for it; before, printing the compiled program ends before it is attached, too. */
const withoutAttaching = ({ version }: Bpftrace) => (version[1] >= 22 ? ['--dry-run'] : ['-d'])

/** What a bpftrace says of a script that it compiles for the running kernel; null when it takes it. */
async function refusal(bpftrace: Bpftrace, chosen: readonly Choice[], options: ScriptOptions = {}) {
  const { text } = await script(chosen, {
    version: bpftrace.version,
    retransmitsTellErrors: tellsErrors(),
    ...options,
  })
  try {
    const running = run(bpftrace.path, ['--no-warnings', ...withoutAttaching(bpftrace), '-'], { maxBuffer: 2 ** 26 })
    running.child.stdin?.end(text)
    await running
    return null
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    return said.split('\n').find((line) => line.includes('ERROR') && !line.includes('MEMLOCK')) ?? String(error)
  }
}
const tellsErrors = () => /\berr;/.test(format('tcp:tcp_retransmit_skb') ?? '')
const format = (name: string): string | null => {
  const path = `${TRACEFS}/events/${name.replace(':', '/')}/format`
  return existsSync(path) ? readFileSync(path, 'utf8') : null
}

/** Why this kernel cannot take a variant whatever its text, or null. */
const lack = ({ variant }: Choice): string | null =>
  (variant === 'fexit' || variant === 'kprobe') && !traceable() ? 'this kernel has no traceable functions' : null
const traceable = (): boolean => {
  try {
    return /^inet_csk_accept\b/m.test(readFileSync(`${TRACEFS}/available_filter_functions`, 'utf8'))
  } catch {
    return false // not built in, or locked down
  }
}

const variants = await everyVariant()
const together = await everyProbe()
const tracers = await everyTracer()
/** A target that grows leaves the names of its frames to the tracer, which asks for another kind of stack. */
const grows = ({ follow, selectedBy }: Target) => follow || selectedBy === 'cgroup'

kernelSuite('each script compiles for this kernel', () => {
  describe.each(tracers)('with $name:', ({ bpftrace, reason }) => {
    const ready = (skip: (note: string) => never): Bpftrace => bpftrace ?? skip(reason)

    describe('a variant alone', () => {
      test.concurrent.for(variants)('$probe/$variant', async (choice, { expect, skip }) => {
        const using = ready(skip)
        const lacking = lack(choice)
        if (lacking) skip(lacking)
        expect(await refusal(using, [choice], { isKnown: true })).toBeNull()
      })
    })

    describe('all probes in one script', () => {
      // Each of the conditions that a target makes, in as few scripts as hold them all.
      const kinds = [
        'one process',
        'several processes',
        'several processes and their children',
        'a port',
        'a cgroup',
        'a process of our own network namespace',
      ]
      test.concurrent.for(kinds)('for %s', async (name, { expect, skip }) => {
        const using = ready(skip)
        const target = targets[name]?.()
        if (!target) throw new Error(`no target ${name}`)
        expect(await refusal(using, together, { target, isKnown: !grows(target) })).toBeNull()
      })

      test.concurrent('to be run by hand', async ({ expect, skip }) => {
        expect(await refusal(ready(skip), together, { frame: { kind: 'ticks' } })).toBeNull()
      })

      if (bpftrace && dialectOf(bpftrace.version).resolvesStructsSlowly)
        test.concurrent('with fields read at their offsets', async ({ expect }) => {
          expect(await refusal(bpftrace, together, { layout: readKernelTypes() })).toBeNull()
        })
    })

    test.concurrent('but not one that names a field this kernel does not have', async ({ expect, skip }) => {
      const using = ready(skip)
      const { text } = await script([{ probe: 'syscalls', variant: 'tracepoint' }], { version: using.version })
      const wrong = text.replace('args->id', 'args->no_such_field')
      expect(wrong).not.toBe(text)
      const running = run(using.path, [...withoutAttaching(using), '-'])
      running.child.stdin?.end(wrong)
      await expect(running).rejects.toMatchObject({ stderr: expect.stringContaining('no_such_field') })
    })
  })
})

kernelSuite('the running kernel has', () => {
  // Not on every kernel; a variant that needs it is then not chosen, or another name of it is taken.
  const optional = ['lock:contention_begin', 'lock:contention_end', ...RING_SUBMISSIONS]
  test.each(Object.entries(tracepoints))('%s with the fields we read of it', (name, fields) => {
    const text = format(name)
    if (text === null) expect(optional).toContain(name)
    for (const field of text === null ? [] : fields)
      if (field !== 'err') expect(text, field).toMatch(new RegExp(`\\b${field}(\\[\\d*\\])?;`))
  })
})
