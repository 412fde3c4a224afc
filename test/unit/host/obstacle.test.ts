import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadCatalog } from '../../../probes/catalog/index.ts'
import { examineVariants, foretell } from '../../../probes/engine/choose.ts'
import { startSession } from '../../../probes/engine/session.ts'
import { examineHost } from '../../../probes/host/examine.ts'
import type { Host } from '../../../probes/host/host.ts'
import { standInTarget } from '../../../probes/host/stand-in.ts'
import { lacking, undetermined } from '../../../probes/host/support.ts'
import { tracepoints } from '../../../probes/script/tracepoints.ts'
import { inventedHost } from './invented-host.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'probe-obstacle-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** A tracefs that has everything the catalog knows of. */
const tracefs = path.join(directory, 'tracing')
for (const [name, fields] of Object.entries(tracepoints)) {
  const folder = path.join(tracefs, 'events', name.replace(':', '/'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'format'), fields.map((field) => `\tfield:long ${field};\toffset:8;\n`).join(''))
}
const withoutClock = path.join(directory, 'without-clock')
cpSync(tracefs, withoutClock, { recursive: true })
rmSync(path.join(withoutClock, 'events/syscalls/sys_enter_getpriority'), { recursive: true })
const empty = path.join(directory, 'empty')
mkdirSync(empty)

/** A bpftrace that answers every trial so. */
function tracer(name: string, body: string): Host['bpftrace'] {
  const file = path.join(directory, name)
  writeFileSync(file, `#!/bin/sh\n${body}\n`)
  chmodSync(file, 0o755)
  return { path: file, version: [0, 27, 1] }
}
const NO_BTF = lacking('no /sys/kernel/btf/vmlinux: built without', 'boot another kernel')
const needsBtf = tracer(
  'needs-btf',
  'echo "stdin:1:1-42: ERROR: BTF is required for parsing tracepoint arguments" >&2; exit 1',
)

const good = inventedHost({ tracefs, bpftrace: tracer('good', 'exit 0') })

const catalog = [...(await loadCatalog()).values()]
const defaults = catalog.filter((probe) => probe.isDefault)
const target = standInTarget()

// What is wrong with the host; what attach then says, and what it says to do.
const obstacles: readonly [string, Partial<Host>, RegExp, RegExp][] = [
  [
    'no bpftrace',
    { bpftrace: null, bpftraceSupport: lacking('no bpftrace on this host', 'install it') },
    /^no bpftrace on this host$/,
    /^install it$/,
  ],
  [
    'a bpftrace that does not tell its version',
    { bpftrace: null, bpftraceSupport: undetermined('/usr/bin/bpftrace does not tell its version: Killed') },
    /^\/usr\/bin\/bpftrace does not tell its version/,
    /doctor/,
  ],
  [
    'a bpftrace that is too old',
    { bpftraceSupport: lacking('needs bpftrace 0.17; /usr/bin/bpftrace is 0.11.3', 'a newer one') },
    /is 0\.11\.3$/,
    /^a newer one$/,
  ],
  [
    'a pid namespace of its own',
    { pids: lacking('process ids are not the kernel’s here', 'run it on the host') },
    /^process ids are not the kernel’s here$/,
    /on the host$/,
  ],
  ['no rights', { privilege: { ...lacking('not root', 'run probe as root'), how: null } }, /^not root$/, /as root/],
  [
    'lockdown, which leaves tracefs empty',
    { lockdown: 'confidentiality', tracefs: empty },
    /^the kernel is locked down \(confidentiality\)/,
    /^boot without lockdown=confidentiality$/,
  ],
  ['tracefs not mounted', { tracefs: null }, /^tracefs is not mounted$/, /^sudo mount -t tracefs/],
  [
    'tracefs without events, and nobody knows why',
    { tracefs: empty, lockdown: 'Unknown' },
    /has no events at all; the kernel may be locked down$/,
    /doctor/,
  ],
  [
    'no tracepoint to end windows by',
    { tracefs: withoutClock },
    /no tracepoint syscalls:sys_enter_getpriority; it may be built without CONFIG_FTRACE_SYSCALLS$/,
    /doctor/,
  ],
  [
    'no BTF, and a bpftrace that reads nothing without it',
    { btf: NO_BTF, bpftrace: needsBtf },
    /^bpftrace 0\.27\.1 needs BTF for every tracepoint; no \/sys\/kernel\/btf\/vmlinux/,
    /^boot another kernel$/,
  ],
]

describe.each(obstacles)('where there is %s', (_, change, reason, fix) => {
  const host: Host = { ...good, ...change }

  test('attach refuses with the reason and what to do', async () => {
    const refused = startSession({ probes: defaults, target, host, limitSeconds: 1 })
    await expect(refused).rejects.toMatchObject({
      name: 'TracerError',
      message: expect.stringMatching(reason),
      fix: expect.stringMatching(fix),
    })
  })

  test('list says of every probe that it cannot, and why', async () => {
    for (const probe of catalog)
      for (const { support } of await examineVariants(probe, target, host))
        expect(support, probe.name).toMatchObject({ kind: 'no', reason: expect.stringMatching(reason) })
  })

  test('doctor foretells it, and marks what is missing as required', async () => {
    const { obstacle, probes } = await foretell(defaults, target, host)
    expect(obstacle?.reason).toMatch(reason)
    expect(probes).toEqual([])
    const required = (await examineHost(host)).filter(({ isRequired, support }) => isRequired && support.kind !== 'yes')
    expect(required.map(({ detail }) => detail).join('\n')).toMatch(
      new RegExp(reason.source.replaceAll(/^\^|\$$/g, '')),
    )
  })
})

describe('where nothing is in the way', () => {
  test('all probes are foretold, and every one has a variant', async () => {
    expect(await foretell(defaults, target, good)).toEqual({
      obstacle: null,
      probes: defaults.map(({ name }) => name),
      refused: [],
    })
    for (const probe of catalog) {
      const variants = await examineVariants(probe, target, good)
      expect(
        variants.some(({ support }) => support.kind === 'yes'),
        probe.name,
      ).toBe(true)
    }
    const missing = (await examineHost(good)).filter(({ isRequired, support }) => isRequired && support.kind !== 'yes')
    expect(missing).toEqual([])
  })

  test.each([
    ['takes it', 'exit 0'],
    ['dies of it, which tells nothing', 'kill -ABRT $$'],
  ])('without BTF, and a bpftrace that %s, only those that read structures are left out', async (name, body) => {
    const host: Host = { ...good, btf: NO_BTF, bpftrace: tracer(name.replaceAll(/\W/g, '-'), body) }
    const { obstacle, probes, refused } = await foretell(defaults, target, host)
    expect(obstacle).toBeNull()
    expect(refused.map(({ probe }) => probe)).toEqual(['accept-queue', 'retransmits'])
    expect(probes).toContain('off-cpu')
    const btf = (await examineHost(host)).find(({ id }) => id === 'btf')
    expect(btf).toMatchObject({ isRequired: false, support: { kind: 'no' } })
  })
})
