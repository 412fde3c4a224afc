import type { Host } from '../../../probes/host/host.ts'

/** A host on which everything is there, for tests that say only what differs: nothing of it is asked of this machine. */
export const inventedHost = (different: Partial<Host> = {}): Host => ({
  name: 'test',
  kernel: '6.18.0',
  kernelVersion: [6, 18],
  arch: 'x86_64',
  cpus: 2,
  memoryBytes: 2 ** 30,
  tracefs: '/sys/kernel/tracing',
  btf: { kind: 'yes' },
  pids: { kind: 'yes' },
  lockdown: 'none',
  privilege: { kind: 'yes', how: 'root' },
  sudo: null,
  bpftrace: { path: '/usr/bin/bpftrace', version: [0, 17, 0] },
  bpftraceSupport: { kind: 'yes' },
  setpriv: null,
  sysctls: {},
  ...different,
})
