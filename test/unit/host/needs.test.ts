import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { examineHost } from '../../../probes/host/examine.ts'
import type { Host } from '../../../probes/host/host.ts'
import { checkNeed, checkNeeds } from '../../../probes/host/needs.ts'
import { lacking } from '../../../probes/host/support.ts'
import { parseTracepointFields, tracepointFields } from '../../../probes/host/tracefs.ts'
import { summarizeRefusal } from '../../../probes/host/trial.ts'
import { inventedHost } from './invented-host.ts'

// Captured from Linux 6.18, shortened.
const SCHED_SWITCH = `name: sched_switch
ID: 372
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:char prev_comm[16];	offset:8;	size:16;	signed:0;
	field:long prev_state;	offset:32;	size:8;	signed:1;
	field:__data_loc char[] comm;	offset:40;	size:4;	signed:0;
	field:const char * filename;	offset:48;	size:8;	signed:0;
	field:__u8 saddr[4];	offset:56;	size:4;	signed:0;

print fmt: "prev_comm=%s field:wrong;", REC->prev_comm
`

const directory = mkdtempSync(path.join(tmpdir(), 'probe-needs-'))
afterAll(() => rmSync(directory, { recursive: true }))
const tracefs = path.join(directory, 'tracing')
const event = (name: string, format: string) => {
  const folder = path.join(tracefs, 'events', name.replace(':', '/'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'format'), format)
}
event('sched:sched_switch', SCHED_SWITCH)

let serial = 0
/** A stand-in for bpftrace that notes each start and answers as told; a name of its own, since answers are kept. */
function tracer(body: string): { path: string; starts: string } {
  serial += 1
  const file = path.join(directory, `bpftrace-${serial}`)
  const starts = `${file}.starts`
  writeFileSync(file, `#!/bin/sh\necho "$*" >> ${starts}\n${body}\n`)
  writeFileSync(starts, '')
  chmodSync(file, 0o755)
  return { path: file, starts }
}

let host: Host
beforeEach(() => {
  host = inventedHost({
    kernel: '5.10.0',
    kernelVersion: [5, 10],
    tracefs,
    bpftrace: { path: tracer('exit 0').path, version: [0, 17, 0] },
    sysctls: { 'kernel.bpf_stats_enabled': '0' },
  })
})

test('fields of a tracepoint are read whatever their type', () => {
  expect([...parseTracepointFields(SCHED_SWITCH)]).toEqual(['prev_comm', 'prev_state', 'comm', 'filename', 'saddr'])
})

describe('a tracepoint', () => {
  test.each([
    ['is there', 'sched:sched_switch', [], { kind: 'yes' }],
    ['is there with its fields', 'sched:sched_switch', ['prev_state', 'comm'], { kind: 'yes' }],
    [
      'lacks a field',
      'sched:sched_switch',
      ['prev_state', 'weight'],
      { kind: 'no', reason: 'sched:sched_switch has no field weight in this kernel (5.10)' },
    ],
    [
      'came later',
      'lock:contention_begin',
      [],
      { kind: 'no', reason: 'lock:contention_begin needs Linux 5.19; this is 5.10' },
    ],
  ])('that %s', async (_, name, fields, expected) => {
    expect(await checkNeed({ kind: 'tracepoint', name, fields }, host)).toEqual(expected)
  })

  test('is told to be invisible without tracefs, with the command that helps', async () => {
    expect(await checkNeed({ kind: 'tracepoint', name: 'sched:sched_switch' }, { ...host, tracefs: null })).toEqual(
      lacking('tracefs is not mounted', 'sudo mount -t tracefs tracefs /sys/kernel/tracing'),
    )
  })

  test('has fields to ask for, or none known', async () => {
    expect((await tracepointFields(host, 'sched:sched_switch'))?.has('prev_state')).toBe(true)
    expect(await tracepointFields(host, 'lock:contention_begin')).toBeNull()
  })
})

describe('a kprobe', () => {
  const need = { kind: 'kprobe', function: 'inet_csk_accept' } as const

  test('is refused without a try where the kernel has none', async () => {
    const { path: file, starts } = tracer('exit 0')
    rmSync(path.join(tracefs, 'kprobe_events'), { force: true })
    const support = await checkNeed(need, { ...host, bpftrace: { path: file, version: [0, 17, 0] } })
    expect(support).toMatchObject({ kind: 'no', reason: expect.stringContaining('CONFIG_KPROBE') })
    expect(await read(starts)).toEqual([])
  })

  test.each([
    ['attached', 'exit 0', { kind: 'yes' }],
    [
      'refused',
      `echo 'ERROR: couldn'"'"'t set RLIMIT_MEMLOCK' >&2; echo "ERROR: Error attaching probe: 'kprobe:x'" >&2; exit 255`,
      { kind: 'no', reason: "Error attaching probe: 'kprobe:x'" },
    ],
    [
      'answered by its usage',
      // 0.11 does not know --no-warnings.
      `printf 'USAGE:\\n    bpftrace [options] filename\\nEXAMPLES:\\n    count syscalls by process name\\n' >&2; exit 1`,
      { kind: 'unknown', cause: 'this bpftrace does not know how it was asked' },
    ],
    ['interrupted by a crash', 'kill -ABRT $$', { kind: 'unknown', cause: expect.stringContaining('SIGABRT') }],
  ])('is tried, and %s', async (_, body, expected) => {
    writeFileSync(path.join(tracefs, 'kprobe_events'), '')
    const { path: file } = tracer(body)
    expect(await checkNeed(need, { ...host, bpftrace: { path: file, version: [0, 17, 0] } })).toMatchObject(expected)
  })

  test('is tried once, unless that told nothing', async () => {
    writeFileSync(path.join(tracefs, 'kprobe_events'), '')
    for (const [body, starts] of [
      ['exit 0', 1],
      ['exit 1', 1],
      ['kill -ABRT $$', 2],
    ] as const) {
      const stand = tracer(body)
      const using: Host = { ...host, bpftrace: { path: stand.path, version: [0, 17, 0] } }
      await checkNeed(need, using)
      await checkNeed(need, using)
      expect(await read(stand.starts), body).toHaveLength(starts)
    }
  })

  test('is tried through sudo where that gives the right', async () => {
    writeFileSync(path.join(tracefs, 'kprobe_events'), '')
    const sudo = tracer('exit 0')
    const using: Host = {
      ...host,
      privilege: { kind: 'yes', how: 'sudo' },
      sudo: sudo.path,
      bpftrace: { path: '/usr/bin/bpftrace', version: [0, 17, 1] },
    }
    expect((await checkNeed(need, using)).kind).toBe('yes')
    expect(await read(sudo.starts)).toEqual([
      expect.stringMatching(/^-n -- \/usr\/bin\/bpftrace --no-warnings -e kprobe:inet_csk_accept /),
    ])
  })

  test('is unknown without the right to try', async () => {
    writeFileSync(path.join(tracefs, 'kprobe_events'), '')
    const support = await checkNeed(need, { ...host, privilege: { kind: 'no', reason: 'not root', how: null } })
    expect(support.kind).toBe('unknown')
  })

  test.each(['a b', 'f { system("x") } kprobe:g', '', 'f,kprobe:g'])('of %j never reaches bpftrace', async (name) => {
    writeFileSync(path.join(tracefs, 'kprobe_events'), '')
    const { path: file, starts } = tracer('exit 0')
    const support = await checkNeed(
      { kind: 'kprobe', function: name },
      { ...host, bpftrace: { path: file, version: [0, 17, 0] } },
    )
    expect(support.kind).toBe('no')
    expect(await read(starts)).toEqual([])
  })
})

test.each([
  [[0, 17, 0], 'kretfunc:inet_csk_accept'],
  [[0, 23, 2], 'fexit:inet_csk_accept'],
] as const)('bpftrace %j is asked for %s', async (version, attachPoint) => {
  const { path: file, starts } = tracer('exit 0')
  await checkNeed({ kind: 'fexit', function: 'inet_csk_accept' }, { ...host, bpftrace: { path: file, version } })
  expect((await read(starts))[0]).toContain(attachPoint)
})

test('the first need that is not met answers for all', async () => {
  const needs = [
    { kind: 'tracepoint', name: 'sched:sched_switch' },
    { kind: 'bpftrace', min: '0.23' },
    { kind: 'tracepoint', name: 'lock:contention_begin' },
  ] as const
  expect(await checkNeeds(needs, host)).toMatchObject({
    kind: 'no',
    reason: expect.stringContaining('needs bpftrace 0.23'),
  })
  expect(await checkNeeds(needs.slice(0, 1), host)).toEqual({ kind: 'yes' })
  expect(await checkNeeds([], host)).toEqual({ kind: 'yes' })
})

test.each([
  [
    'the reason, not the harmless complaint before it',
    `ERROR: Unknown error -1: couldn't set RLIMIT_MEMLOCK for bpftrace.\nstdin:1:1-25: ERROR: kfunc/kretfunc not available for your kernel version.\nkretfunc:f { }\n~~~~\n`,
    'kfunc/kretfunc not available for your kernel version.',
  ],
  ['the last line where none is marked', 'It was started.\nIt did not work\n', 'It did not work'],
  [
    'the last sentence, over all its lines',
    `Kernel lockdown is enabled and set to 'confidentiality'. Lockdown mode blocks\nparts of BPF which makes it impossible for bpftrace to function. Please see\nthe manual\nfor more details on lockdown and how to disable it.\n`,
    `Kernel lockdown is enabled and set to 'confidentiality'. Lockdown mode blocks parts of BPF which makes it impossible for bpftrace to function. Please see the manual for more details on lockdown and how to disable it.`,
  ],
  ['what is safe to show', 'ERROR: \u001b[2J', '\\x1b[2J'],
  ['something in any case', '', 'bpftrace refused without a word'],
])('a refusal is summed up as %s', (_, stderr, expected) => {
  expect(summarizeRefusal(stderr)).toBe(expected)
})

test('an examination answers every question, and a lack says what to do where something can be done', async () => {
  rmSync(path.join(tracefs, 'kprobe_events'), { force: true })
  const checks = await examineHost({ ...host, tracefs: null, lockdown: 'Unknown' })
  const byId = Object.fromEntries(checks.map((check) => [check.id, check]))
  expect(new Set(checks.map((check) => check.id)).size).toBe(checks.length)
  expect(byId).toMatchObject({
    kernel: { support: { kind: 'yes' }, detail: expect.stringContaining('5.10.0 x86_64, 2 CPUs, 1.0 GiB') },
    tracefs: { isRequired: true, support: { kind: 'no', fix: expect.stringContaining('mount -t tracefs') } },
    'clock-tracepoint': { isRequired: true, support: { kind: 'no' } },
    'syscall-tracepoints': { isRequired: false, support: { kind: 'no' } },
    lockdown: { isRequired: true, support: { kind: 'unknown', fix: expect.stringContaining('securityfs') } },
    'bpf-stats': { support: { kind: 'no', fix: 'sudo sysctl kernel.bpf_stats_enabled=1' } },
  })
})

async function read(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n').filter(Boolean)
}
