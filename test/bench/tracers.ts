import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { delay, hasLink, probeCommand, root, type Started, start } from './processes.ts'

/** Something that looks at a process; `start` resolves when it is attached. */
export interface Tracer {
  name: string
  /** files without which it cannot run */
  needs: readonly string[]
  start: (pid: number) => Promise<Started>
}

const LOOK_EVERY_MS = 25
const ATTACH_WITHIN_MS = 10_000

/** probe on a process, headless; without names the default probes. Attached when the first window is out. */
const probe = (...names: string[]): Tracer => ({
  name: names.length > 0 ? `probe ${names.join(' ')}` : 'probe, default probes',
  needs: [probeCommand],
  start: (pid) =>
    waitFor(start(probeCommand, ['attach', ...names, '--pid', String(pid), '--json', '--no-ui']), /"type":"window"/),
})

/** A bpftrace program written by hand for the same question. */
const byHand = (file: string): Tracer => ({
  name: `bpftrace ${file}`,
  needs: ['/usr/bin/bpftrace'],
  start: (pid) =>
    waitFor(
      start('/usr/bin/bpftrace', [join(root, 'test/bench', file), String(pid)], { BPFTRACE_CACHE_USER_SYMBOLS: '1' }),
      /READY/,
    ),
})

const strace: Tracer = {
  name: 'strace -c -f',
  needs: ['/usr/bin/strace'],
  start: (pid) => waitFor(start('/usr/bin/strace', ['-c', '-f', '-p', String(pid)]), /attached/),
}

/** A libbpf-tools program. It says nothing when it is ready: its links are looked for. */
const libbpf = (file: string): Tracer => ({
  name: `libbpf-tools ${file}`,
  needs: [`/usr/sbin/${file}`],
  start: async (pid) => {
    const started = start(`/usr/sbin/${file}`, ['-p', String(pid)])
    const deadline = performance.now() + ATTACH_WITHIN_MS
    while (!hasLink(started.pid)) {
      if (performance.now() > deadline) throw new Error(`${file} attached nothing`)
      await delay(LOOK_EVERY_MS)
    }
    return started
  },
})

/** Everything that is compared, by what it is compared with. */
export const tracersFor = (probes: readonly string[]): Tracer[] => [
  probe(),
  ...probes.map((name) => probe(name)),
  byHand('syscalls.bt'),
  byHand('off-cpu.bt'),
  libbpf('syscount'),
  libbpf('offcputime'),
  strace,
]

/** What this machine lacks of a tracer; none when it can run. */
export const lackOf = (tracer: Tracer): string | undefined => tracer.needs.find((file) => !existsSync(file))

async function waitFor(started: Started, ready: RegExp): Promise<Started> {
  try {
    await started.line(ready)
    return started
  } catch (error) {
    await started.stop()
    throw error
  }
}
