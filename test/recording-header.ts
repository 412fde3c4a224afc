import type { HeaderRecord } from '../audit/index.ts'

/** The header of an invented recording: of one process called api, with the probes of these names. */
export const recordingHeader = (probes: readonly string[], changes: Partial<HeaderRecord> = {}): HeaderRecord => ({
  type: 'header',
  format: 'probe-recording',
  version: 1,
  tool: 'probe 0.1.0',
  started: '2026-11-23T15:04:05Z',
  clock: { realtime_ns: '0', monotonic_ns: '0', boottime_ns: '0' },
  host: { name: 'host', kernel: '6.1.0', arch: 'x86_64', cpus: 2, memory_bytes: 8e9, bpftrace: '0.17' },
  target: {
    processes: [{ pid: 4242, starttime: 1, comm: 'api' }],
    selector: '--port 8080',
    follow: false,
    ports: [8080],
    netns: 1,
    cgroup: null,
  },
  plan: null,
  probes: probes.map((name) => ({ name, variant: 'tracepoint', params: {}, script_sha256: '' })),
  sysctls: {},
  ...changes,
})
