import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { askVersion } from '../../../probes/host/ask-version.ts'
import { inspectBpftrace, judgeBpftrace } from '../../../probes/host/bpftrace.ts'
import { bpftraceAdvice } from '../../../probes/host/bpftrace-advice.ts'
import { installCommand, readSystem } from '../../../probes/host/distribution.ts'
import { findTracefs, inspectHost, readSysctls } from '../../../probes/host/host.ts'
import { compareVersions, parseVersion, whyAbsent } from '../../../probes/host/kernel-facts.ts'
import { inferLockdown, judgeLockdown, parseLockdown } from '../../../probes/host/lockdown.ts'
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
    expect(judgeBpftrace(bpftrace, { minimum: '0.23' })).toMatchObject({
      kind: 'no',
      reason: 'needs bpftrace 0.23; /usr/bin/bpftrace is 0.17.0',
    })
  })

  test.each([
    ['prints it and does not end', 'echo bpftrace v0.23.2; exec sleep 60', { kind: 'told', version: [0, 23, 2] }],
    ['prints it and fails', 'echo bpftrace v0.23.2; exit 1', { kind: 'told', version: [0, 23, 2] }],
    ['prints it without a line’s end', 'printf "bpftrace v0.24.1-dirty"', { kind: 'told', version: [0, 24, 1] }],
    ['prints other numbers', 'echo "libLLVM.so.14.0: cannot open"; exit 127', { kind: 'silent', code: 127 }],
    ['says nothing for ever', 'exec sleep 60', { kind: 'late', limitMs: 300 }],
    [
      'says nothing for ever, and will not be ended',
      "trap '' TERM; sleep 60 & wait; wait",
      { kind: 'late', limitMs: 300 },
    ],
  ])('one that %s', async (name, body, expected) => {
    const file = script(`ask-${name.replaceAll(/\W/g, '-')}`, body)
    expect(await askVersion([file, '--version'], { PATH: '/usr/bin:/bin' }, 300)).toMatchObject(expected)
  })

  test('one that PROBE_BPFTRACE names and that is too old is not mended by a package', async () => {
    const { support } = await inspectBpftrace({ PROBE_BPFTRACE: script('named-old', 'echo bpftrace v0.11.3') })
    expect(support).toMatchObject({ kind: 'no', fix: expect.stringContaining('unset PROBE_BPFTRACE') })
  })
})

const release = (id: string, version: string, more = '') =>
  readSystem(`NAME="X"\nPRETTY_NAME="Some ${id} ${version}"\nID=${id}\nVERSION_ID="${version}"\n${more}`)
const UPSTREAM = /AppImage of bpftrace's own releases .*PROBE_BPFTRACE=/

describe('what helps where bpftrace is missing or too old', () => {
  // [system, missing, too old]; a pattern where the package is not enough
  test.each([
    ['Debian 11', release('debian', '11'), UPSTREAM, UPSTREAM],
    [
      'Debian 12',
      release('debian', '12'),
      'sudo apt-get install bpftrace',
      'sudo apt-get update && sudo apt-get install bpftrace',
    ],
    ['Debian 13', release('debian', '13'), 'sudo apt-get install bpftrace', /apt-get install bpftrace$/],
    [
      'Debian that is not released',
      readSystem('ID=debian\n'),
      'sudo apt-get install bpftrace',
      /apt-get install bpftrace$/,
    ],
    ['Ubuntu 22.04', release('ubuntu', '22.04', 'ID_LIKE=debian\n'), UPSTREAM, UPSTREAM],
    [
      'Ubuntu 24.04',
      release('ubuntu', '24.04', 'ID_LIKE=debian\n'),
      'sudo apt-get install bpftrace',
      /apt-get install bpftrace$/,
    ],
    ['Fedora 37', release('fedora', '37'), UPSTREAM, UPSTREAM],
    ['Fedora 43', release('fedora', '43'), 'sudo dnf install bpftrace', 'sudo dnf upgrade bpftrace'],
    ['RHEL 8', release('rhel', '8.10'), UPSTREAM, UPSTREAM],
    ['RHEL 9', release('rhel', '9.2', 'ID_LIKE="fedora"\n'), 'sudo dnf install bpftrace', 'sudo dnf upgrade bpftrace'],
    [
      'Alma 9',
      release('almalinux', '9.5', 'ID_LIKE="rhel centos fedora"\n'),
      'sudo dnf install bpftrace',
      'sudo dnf upgrade bpftrace',
    ],
    [
      'Amazon Linux 2023',
      release('amzn', '2023', 'ID_LIKE="fedora"\n'),
      /^sudo dnf install bpftrace; where that is older/,
      /^sudo dnf upgrade bpftrace; where/,
    ],
    ['Alpine 3.16', release('alpine', '3.16.9'), UPSTREAM, UPSTREAM],
    ['Alpine 3.20', release('alpine', '3.20.1'), 'sudo apk add bpftrace', 'sudo apk add --upgrade bpftrace'],
    [
      'openSUSE Leap',
      release('opensuse-leap', '15.6', 'ID_LIKE="suse opensuse"\n'),
      /^sudo zypper install bpftrace; where/,
      /^sudo zypper update bpftrace; where/,
    ],
    [
      'Tumbleweed',
      release('opensuse-tumbleweed', '20261101', 'ID_LIKE="opensuse suse"\n'),
      'sudo zypper install bpftrace',
      'sudo zypper update bpftrace',
    ],
    ['Arch', readSystem('ID=arch\n'), 'sudo pacman -S bpftrace', 'sudo pacman -Syu bpftrace'],
    // Its numbers are its own: 21 is not older than Debian's 12.
    [
      'a distribution made from Debian',
      release('linuxmint', '21', 'ID_LIKE="ubuntu debian"\n'),
      /^sudo apt-get install bpftrace; where/,
      /; where that is older than 0\.17: the AppImage/,
    ],
    [
      'one that nobody knows',
      release('solaris', '11'),
      /^install the package bpftrace; where/,
      /^install the package bpftrace; where/,
    ],
    [
      'no system that says its name',
      readSystem(''),
      /^install the package bpftrace; where/,
      /^install the package bpftrace; where/,
    ],
  ] as const)('on %s', (_, system, missing, tooOld) => {
    expect(bpftraceAdvice(false, system)).toMatch(typeof missing === 'string' ? exactly(missing) : missing)
    expect(bpftraceAdvice(true, system)).toMatch(typeof tooOld === 'string' ? exactly(tooOld) : tooOld)
  })

  test('names the release that has none', () => {
    expect(bpftraceAdvice(true, release('debian', '11'))).toMatch(/^Some debian 11 has no package that is new enough: /)
  })

  test('is safe to show whatever the system says of itself', () => {
    const system = readSystem('ID="debian"\nVERSION_ID="11"\nPRETTY_NAME="a\u001b[2J`reboot`$(x)\u202eb"\n')
    expect(bpftraceAdvice(false, system)).toMatch(/^a2Jreboot\(x\)b has no/)
  })

  test.each([
    ['debian', 'sudo apt-get install xz-utils'],
    ['ubuntu', 'sudo apt-get install xz-utils'],
    ['fedora', 'sudo dnf install xz'],
  ])('other packages have their own names: on %s, %s', (id, command) => {
    const more = id === 'ubuntu' ? 'ID_LIKE=debian\n' : ''
    expect(installCommand('xz', release(id, '1', more), { debian: 'xz-utils' })).toBe(command)
  })
})

const exactly = (text: string) => new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)

describe('lockdown that securityfs does not tell', () => {
  test.each([
    ['the kernel was started so, and tracefs is empty', 'quiet lockdown=confidentiality rw', true, 'confidentiality'],
    ['the kernel was started so, and does not do it', 'quiet lockdown=confidentiality', false, 'Unknown'],
    ['tracefs is empty for a reason of its own', 'quiet lockdown=integrity', true, 'Unknown'],
    ['a word that only looks like it', 'xlockdown=confidentiality lockdown=confidentiality2', true, 'Unknown'],
  ])('%s', (_, commandLine, isEmpty, mode) => {
    expect(inferLockdown(commandLine, isEmpty)).toBe(mode)
  })

  test('is unknown with the sign that there is, where it cannot be told', () => {
    const empty = path.join(directory, 'empty-tracefs')
    mkdirSync(empty)
    expect(judgeLockdown({ lockdown: 'Unknown', tracefs: empty })).toMatchObject({
      kind: 'unknown',
      cause: expect.stringContaining('has no events, as under lockdown'),
      fix: expect.stringContaining('mount -t securityfs'),
    })
    expect(judgeLockdown({ lockdown: 'Unknown', tracefs: null })).toMatchObject({
      kind: 'unknown',
      cause: '/sys/kernel/security/lockdown cannot be read',
    })
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
