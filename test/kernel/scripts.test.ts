import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { inspectBpftrace } from '../../probes/host/bpftrace.ts'
import { readKernelTypes } from '../../probes/host/btf.ts'
import { tracepoints } from '../../probes/script/tracepoints.ts'
import { type Choice, everyProbe, everyVariant, type ScriptOptions, script, targets } from '../unit/probes/scripts.ts'
import { kernelSuite } from './requirements.ts'

const run = promisify(execFile)
const TRACEFS = '/sys/kernel/tracing'
const { bpftrace } = await inspectBpftrace()
/** 0.22 has a switch for it; before, printing the compiled program ends before it is attached, too. */
const withoutAttaching = bpftrace && bpftrace.version[1] >= 22 ? ['--dry-run'] : ['-d']

/** What the installed bpftrace says of a script that it compiles for the running kernel; null when it takes it. */
async function refusal(chosen: readonly Choice[], options: ScriptOptions = {}): Promise<string | null> {
  if (!bpftrace) throw new Error('no bpftrace')
  const version = [...bpftrace.version] as const
  const { text } = await script(chosen, { version, retransmitsTellErrors: tellsErrors(), ...options })
  try {
    const running = run(bpftrace.path, ['--no-warnings', ...withoutAttaching, '-'], { maxBuffer: 2 ** 26 })
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

kernelSuite('the installed bpftrace compiles for this kernel', () => {
  describe('each variant alone', () => {
    test.for(variants)('$probe/$variant', async (choice, { skip }) => {
      const reason = lack(choice)
      if (reason) skip(reason)
      expect(await refusal([choice])).toBeNull()
    })
  })

  describe('all probes in one script', () => {
    // Each of the conditions that a target makes, in as few scripts as hold them all.
    const kinds = ['several processes and their children', 'a cgroup', 'a process of our own network namespace']
    test.each(kinds)('for %s', async (name) => {
      const target = targets[name]
      if (!target) throw new Error(`no target ${name}`)
      expect(await refusal(together, { target: target() })).toBeNull()
    })

    test('to be run by hand', async () => {
      expect(await refusal(together, { frame: { kind: 'ticks' } })).toBeNull()
    })

    test('with fields read at their offsets', async () => {
      expect(await refusal(together, { layout: readKernelTypes() })).toBeNull()
    })
  })

  test('but not a script that names a field this kernel does not have', async () => {
    const { text } = await script([{ probe: 'syscalls', variant: 'tracepoint' }])
    const wrong = text.replace('args->id', 'args->no_such_field')
    expect(wrong).not.toBe(text)
    const running = run(bpftrace?.path ?? '', [...withoutAttaching, '-'])
    running.child.stdin?.end(wrong)
    await expect(running).rejects.toMatchObject({ stderr: expect.stringContaining('no_such_field') })
  })
})

kernelSuite('the running kernel has', () => {
  // Not on every kernel; a variant that needs it is then not chosen.
  const optional = ['lock:contention_begin', 'lock:contention_end']
  test.each(Object.entries(tracepoints))('%s with the fields we read of it', (name, fields) => {
    const text = format(name)
    if (text === null) expect(optional).toContain(name)
    for (const field of text === null ? [] : fields)
      if (field !== 'err') expect(text, field).toMatch(new RegExp(`\\b${field}(\\[\\d*\\])?;`))
  })
})
