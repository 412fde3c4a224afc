import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { inspectBpftrace, installCommand, judgeBpftrace } from '../../../probes/host/bpftrace.ts'
import { findTracefs, inspectHost, parseLockdown, readSysctls } from '../../../probes/host/host.ts'
import { compareVersions, parseVersion, whyAbsent } from '../../../probes/host/kernel-facts.ts'
import { judgeCredentials, judgeSudo, parseCredentials } from '../../../probes/host/privilege.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'probe-host-'))
afterAll(() => rmSync(directory, { recursive: true }))

function script(name: string, body: string): string {
  const file = path.join(directory, name)
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
  return file
}

test('this host is described without an empty text', async () => {
  const host = await inspectHost()
  expect(host).toMatchObject({ arch: expect.stringMatching(/\w/), cpus: expect.any(Number) })
  expect(host.kernel).toContain(host.kernelVersion.join('.'))
  expect(host.memoryBytes).toBeGreaterThan(2 ** 20)
  expect(Object.entries(host.sysctls).filter(([, value]) => value === '')).toEqual([])
  expect(host.sysctls['net.core.somaxconn']).toMatch(/^\d+$/)
  expect(host.privilege.kind === 'yes').toBe(host.privilege.how !== null)
})

test.each([
  ['6.18.44-fc', [6, 18, 44]],
  ['5.10.0-28-amd64', [5, 10, 0]],
  ['6.1', [6, 1, 0]],
  ['bpftrace v0.17.0', [0, 17, 0]],
  ['bpftrace v0.23.2-dirty', [0, 23, 2]],
  ['no number', null],
])('%j is version %j', (text, version) => {
  expect(parseVersion(text)).toEqual(version)
})

test.each([
  [[5, 10], [5, 9], 1],
  [[5, 9], [5, 10], -1],
  [[6, 1], [6, 1, 0], 0],
  [[0, 17, 1], [0, 17], 1],
])('%j against %j: %i', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign)
})

test.each([
  ['lock:contention_begin', null, [5, 10], 'lock:contention_begin needs Linux 5.19; this is 5.10'],
  ['skb:kfree_skb', 'reason', [5, 10], 'skb:kfree_skb.reason needs Linux 5.17; this is 5.10'],
  ['tcp:tcp_retransmit_skb', 'nonsense', [6, 18], 'tcp:tcp_retransmit_skb has no field nonsense in this kernel (6.18)'],
  [
    'syscalls:sys_enter_read',
    null,
    [6, 18],
    'this kernel (6.18) has no tracepoint syscalls:sys_enter_read; it may be built without CONFIG_FTRACE_SYSCALLS',
  ],
  ['made:up', null, [6, 18], 'this kernel (6.18) has no tracepoint made:up'],
] as const)('why %s.%s is absent in %j', (tracepoint, field, kernel, reason) => {
  expect(whyAbsent(tracepoint, field, kernel)).toBe(reason)
})

test.each([
  ['none [integrity] confidentiality\n', 'integrity'],
  ['[none] integrity confidentiality\n', 'none'],
  [null, 'Unknown'],
  ['', 'Unknown'],
])('lockdown %j is %s', (text, mode) => {
  expect(parseLockdown(text)).toBe(mode)
})

test.each([
  ['tracefs /sys/kernel/tracing tracefs rw 0 0\n', '/sys/kernel/tracing'],
  [
    'tracefs /sys/kernel/debug/tracing tracefs rw 0 0\ntracefs /sys/kernel/tracing tracefs rw 0 0\n',
    '/sys/kernel/tracing',
  ],
  ['tracefs /sys/kernel/debug/tracing tracefs rw 0 0\n', '/sys/kernel/debug/tracing'],
  ['debugfs /sys/kernel/debug debugfs rw 0 0\n', null],
])('tracefs in %j is at %j', (mounts, expected) => {
  expect(findTracefs(mounts)).toBe(expected)
})

test('a sysctl that cannot be read is Unknown, several values are one text', () => {
  expect(readSysctls(['net.ipv4.ip_local_port_range', 'no.such'])).toEqual({
    'net.ipv4.ip_local_port_range': expect.stringMatching(/^\d+ \d+$/),
    'no.such': 'Unknown',
  })
})

describe('bpftrace', () => {
  test.each([
    ['an old one', 'echo bpftrace v0.16.0', 'no', /needs bpftrace 0\.17; .* is 0\.16\.0/],
    ['the oldest that does', 'echo bpftrace v0.17.0', 'yes', /0\.17\.0/],
    ['one that is slow to end', 'echo bpftrace v0.17.0; exec sleep 600', 'yes', /0\.17\.0/],
    ['one that fails', 'echo cannot >&2; exit 3', 'unknown', /does not tell its version: cannot/],
    ['one that says something hostile', "printf '\\033[2J'", 'unknown', /does not tell its version: \\x1b\[2J/],
  ])('%s', async (name, body, kind, text) => {
    const { support } = await inspectBpftrace({ PROBE_BPFTRACE: script(name.replaceAll(' ', '-'), body) })
    expect(support.kind).toBe(kind)
    expect(JSON.stringify(Object.values(support)).replaceAll('\\\\', '\\')).toMatch(text)
  })

  test.each([
    ['bpftrace', 'not an absolute path'],
    ['/no/such/bpftrace', 'cannot be executed'],
  ])('named as %s is refused', async (file, reason) => {
    expect(await inspectBpftrace({ PROBE_BPFTRACE: file })).toMatchObject({
      bpftrace: null,
      support: { kind: 'no', reason: expect.stringContaining(reason) },
    })
  })

  test('a probe may ask for more than the oldest', () => {
    const bpftrace = { path: '/usr/bin/bpftrace', version: [0, 17, 0] } as const
    expect(judgeBpftrace(bpftrace, '0.23')).toMatchObject({
      kind: 'no',
      reason: 'needs bpftrace 0.23; /usr/bin/bpftrace is 0.17.0',
    })
  })

  test.each([
    ['ID=debian\n', 'sudo apt-get install bpftrace'],
    ['NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', 'sudo apt-get install bpftrace'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'sudo dnf install bpftrace'],
    ['', 'install the package bpftrace'],
  ])('on %j it is installed by %j', (osRelease, command) => {
    expect(installCommand('bpftrace', osRelease)).toBe(command)
  })
})

describe('privilege', () => {
  const status = (euid: number, effective: string, ambient = '0') =>
    `Name:\tx\nUid:\t1000\t${euid}\t0\t0\nCapInh:\t0\nCapEff:\t${effective}\nCapBnd:\tff\nCapAmb:\t${ambient}\n`
  const BPF_PERFMON_DAC = '000000c000000006'

  test.each([
    ['root', status(0, '000001ffffffffff'), [0, 17, 0], 'root'],
    ['root of a container', status(0, '00000000a80425fb'), [0, 17, 0], null],
    ['root with just BPF and PERFMON', status(0, '000000c000000000'), [0, 17, 0], 'root'],
    ['a user', status(1000, '0'), [0, 27, 1], null],
    ['a user with inherited capabilities', status(1000, BPF_PERFMON_DAC, BPF_PERFMON_DAC), [0, 27, 1], 'caps'],
    ['the same, but bpftrace wants root', status(1000, BPF_PERFMON_DAC, BPF_PERFMON_DAC), [0, 23, 2], null],
    ['capabilities that a child does not inherit', status(1000, BPF_PERFMON_DAC), [0, 27, 1], null],
    ['not even a bpftrace', status(1000, BPF_PERFMON_DAC, BPF_PERFMON_DAC), null, null],
    ['nothing readable', '', [0, 27, 1], null],
  ] as const)('%s', (_, text, bpftrace, how) => {
    const judged = judgeCredentials(parseCredentials(text), bpftrace)
    expect(judged.how).toBe(how)
    expect(judged.support.kind).toBe(how === null ? 'no' : 'yes')
  })

  test.each([
    ['that asks', 'echo "a password is required" >&2; exit 1', 'no'],
    ['that runs it', 'test "$*" = "-n -- /usr/bin/bpftrace --version"', 'yes'],
  ])('a sudo %s', async (name, body, kind) => {
    expect((await judgeSudo(script(`sudo-${name.replaceAll(' ', '-')}`, body), '/usr/bin/bpftrace')).kind).toBe(kind)
  })

  test('no sudo is a no, no bpftrace leaves it unknown', async () => {
    expect((await judgeSudo(null, '/usr/bin/bpftrace')).kind).toBe('no')
    expect((await judgeSudo('/usr/bin/sudo', null)).kind).toBe('unknown')
  })
})
