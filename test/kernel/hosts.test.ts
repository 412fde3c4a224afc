import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadCatalog } from '../../probes/catalog/index.ts'
import { syscalls } from '../../probes/catalog/syscalls.ts'
import { attach, freshDirectory, probe, type Surroundings } from './attach.ts'
import { phaseData } from './readings.ts'
import { kernelSuite, mounts, otherUsers } from './requirements.ts'
import { everyTracer } from './tracers.ts'
import { startWorkload } from './workload.ts'

const tracers = await everyTracer()
const catalog = [...(await loadCatalog()).keys()]

/** In a mount namespace of its own: the machine's stays as it is. */
const inMounts = (change: string) => [
  'unshare',
  '--mount',
  '--propagation',
  'private',
  'sh',
  '-c',
  `${change}; exec "$@"`,
  'sh',
]
const withoutBtf = inMounts('mount -t tmpfs none /sys/kernel/btf')
const withoutTracefs = inMounts('umount -l /sys/kernel/tracing 2>/dev/null; umount -l /sys/kernel/debug 2>/dev/null')
const withoutEvents = inMounts('mount -t tmpfs none /sys/kernel/tracing/events')
/** What a kernel in lockdown shows: an empty tracefs, and its mode, or the word it was started with where securityfs is not there. */
const lockedDown = inMounts(
  `mount -t tmpfs none /sys/kernel/tracing && mount -t tmpfs none /sys/kernel/security &&
   echo 'none integrity [confidentiality]' > /sys/kernel/security/lockdown`,
)
const lockedDownUntold = inMounts(
  `mount -t tmpfs none /sys/kernel/tracing && mount -t tmpfs none /sys/kernel/security &&
   echo 'quiet lockdown=confidentiality' > /sys/kernel/security/line && mount --bind /sys/kernel/security/line /proc/cmdline &&
   mount -t tmpfs none /sys/kernel/security`,
)
const withCapabilities = (...names: string[]) => [
  'setpriv',
  `--bounding-set=${['-all', ...names.map((name) => `+${name}`)].join(',')}`,
]

/** A bpftrace that answers so. */
function standIn(body: string): Record<string, string> {
  const file = join(freshDirectory(), 'bpftrace')
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
  return { PROBE_BPFTRACE: file }
}

interface Row {
  host: string
  surroundings: (bpftrace: string) => Surroundings
  /** what attach says, and doctor and list with it; null: it attaches */
  refusal: RegExp | null
  /** default probes that are left out there */
  without?: readonly string[]
  /** probes to attach; the default ones where none are named */
  probes?: readonly string[]
}

const own = (bpftrace: string) => ({ PROBE_BPFTRACE: bpftrace })

/** Hosts whose answer does not depend on the release of bpftrace, tried with the installed one. */
const hosts: readonly Row[] = [
  {
    host: 'without bpftrace',
    surroundings: () => ({ env: { PROBE_BPFTRACE: '/nonexistent/bpftrace' } }),
    refusal: /PROBE_BPFTRACE cannot be executed/,
  },
  {
    host: 'with a bpftrace that is too old, which answers everything by its usage',
    surroundings: () => ({
      env: standIn(
        '[ "$1" = --version ] && exec echo bpftrace v0.11.3; printf "USAGE:\\n  count syscalls by process name\\n" >&2; exit 1',
      ),
    }),
    refusal: /needs bpftrace 0\.17; \S+ is 0\.11\.3/,
  },
  {
    host: 'with a bpftrace that tells its version and then does not end',
    surroundings: (bpftrace) => ({
      env: standIn(`[ "$1" = --version ] || exec ${bpftrace} "$@"; ${bpftrace} --version; exec sleep 600`),
    }),
    probes: ['on-cpu'],
    refusal: null,
  },
  { host: 'without tracefs', surroundings: () => ({ prefix: withoutTracefs }), refusal: /tracefs is not mounted/ },
  {
    host: 'whose tracefs has no tracepoints',
    surroundings: () => ({ prefix: withoutEvents }),
    refusal: /no tracepoint syscalls:sys_enter_getpriority/,
  },
  {
    host: 'locked down for confidentiality',
    surroundings: () => ({ prefix: lockedDown }),
    refusal: /the kernel is locked down \(confidentiality\)/,
  },
  {
    host: 'locked down, and without securityfs',
    surroundings: () => ({ prefix: lockedDownUntold }),
    refusal: /the kernel is locked down \(confidentiality\)/,
  },
  {
    host: 'in a pid namespace of its own',
    surroundings: () => ({ prefix: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] }),
    refusal: /process ids are not the kernel’s here/,
  },
  {
    host: 'as root without capabilities',
    surroundings: () => ({ prefix: withCapabilities() }),
    refusal: /root, but without CAP_BPF and CAP_PERFMON/,
  },
]

/** Hosts whose answer does: the first release that answers otherwise than the oldest. */
const byRelease: readonly (Omit<Row, 'refusal'> & { refusal: (minor: number) => RegExp | null })[] = [
  { host: 'as it is', surroundings: (bpftrace) => ({ env: own(bpftrace) }), refusal: () => null },
  {
    host: 'without BTF',
    surroundings: (bpftrace) => ({ env: own(bpftrace), prefix: withoutBtf }),
    refusal: (minor) => (minor > 17 ? /bpftrace 0\.\d+\.\d+ needs BTF for every tracepoint/ : null),
    without: ['accept-queue', 'retransmits'],
  },
  {
    host: 'as root with just CAP_BPF and CAP_PERFMON',
    surroundings: (bpftrace) => ({ env: own(bpftrace), prefix: withCapabilities('bpf', 'perfmon') }),
    probes: ['on-cpu'],
    refusal: (minor) => (minor > 17 ? null : /without CAP_SYS_ADMIN bpftrace 0\.17\.\d+ does not find the types/),
  },
]

/** What the three commands say there: they must agree. */
async function expectAgreement(row: Row, bpftrace: string): Promise<void> {
  const { surroundings, refusal, without = [], probes = [] } = row
  const there = surroundings(bpftrace)
  const program = await startWorkload('phases')
  const args = ['attach', ...probes, '--pid', String(program.pid), '--duration', '0.2s', '--no-ui']
  const [doctor, list, attached] = await Promise.all([['doctor'], ['list'], args].map((one) => probe(one, there)))
  if (!doctor || !list || !attached) throw new Error('not run')
  const last = doctor.stdout.trimEnd().split('\n').at(-1) ?? ''
  const couldNot = list.stdout.match(/cannot attach here/g)?.length ?? 0

  expect(list.code).toBe(0)
  if (refusal) {
    expect(attached.stderr).toMatch(refusal)
    expect(attached.stderr).toMatch(/fix: \S/)
    expect(attached.code).toBe(3)
    expect(last).toMatch(/^probe cannot attach here: \S/)
    expect(doctor.code).toBe(3)
    expect(unwrapped(list.stdout)).toMatch(refusal)
    expect(couldNot).toBe(catalog.length)
    expect(list.stdout).not.toContain('attaches by')
  } else {
    expect(attached.stderr).not.toMatch(/^error|trying each alone/m)
    expect(attached.code).toBe(0)
    expect(last).toMatch(/^probe can attach here/)
    expect(doctor.code).toBe(0)
    expect(couldNot).toBe(without.length)
    if (without.length === 0) expect(attached.stdout).not.toContain('not attached')
    for (const name of without) {
      expect(last).toContain(`${name} (`)
      expect(attached.stdout).toContain(`note: ${name}: not attached`)
    }
  }
}

/** Lines that the list broke, whole again. */
const unwrapped = (text: string): string => text.replace(/\n\s+/g, ' ')

kernelSuite('doctor and list say what attach then does, on a host', () => {
  const installed = tracers[0]?.bpftrace
  test.each(hosts)('$host', async (row) => {
    if (!installed) throw new Error('no bpftrace')
    await expectAgreement(row, installed.path)
  })

  describe.each(tracers)('with $name:', ({ bpftrace, reason }) => {
    test.for(byRelease)('$host', async ({ refusal, ...row }, { skip }) => {
      if (!bpftrace) return skip(reason)
      await expectAgreement({ ...row, refusal: refusal(bpftrace.version[1]) }, bpftrace.path)
    })
  })
}, [...mounts, ...otherUsers])

const truthSchema = z.object({ counts: z.record(z.string(), z.number()) })

kernelSuite('all probes in one tracer, and counts that are exact,', () => {
  // The installed one is held to the truth by the tests of each probe.
  test.for(tracers.slice(1))('with $name', async ({ bpftrace, reason }, { skip }) => {
    if (!bpftrace) return skip(reason)
    const program = await startWorkload('syscalls')
    const attached = await attach([...catalog, '--pid', String(program.pid)], { env: own(bpftrace.path) })
    program.say('go')
    const { counts } = await program.hear('truth', truthSchema)
    const { stderr } = await attached.stop()
    expect(stderr).not.toContain('trying each alone')
    const data = phaseData(attached.records, syscalls)
    expect(Object.fromEntries(Object.keys(counts).map((name) => [name, data.syscalls[name]?.count]))).toEqual(counts)
  })
})
