import { bucketOf, histogramOf } from '../../probes/index.ts'
import { recordingHeader } from '../recording-header.ts'

/** A recording with all probes, so that there are nine tabs; of blocked threads it has the distribution and its stacks. */
export function replayed(): string {
  const span = { phase: 0, start_us: 0, end_us: 1e7 }
  const phase = { type: 'phase', id: 0, name: 'load', kind: 'load', start_us: 0 }
  const waits = { long: 2e7, short: 2e5 }
  const blocked = histogramOf(
    [
      [bucketOf(waits.short), 900],
      [bucketOf(waits.long), 100],
    ],
    waits.short * 900 + waits.long * 100,
  )
  const sums = { working_ns: 2e9, idle_ns: 0, blocked_ns: blocked.sum, runnable_ns: 0 }
  const probes = ['accept-queue', 'syscalls', 'off-cpu', 'wakeups', 'locks', 'retransmits', 'on-cpu']
  const records = [
    recordingHeader(probes),
    { type: 'frames', from: 0, names: ['main', 'read_disk', 'take_lock'] },
    phase,
    {
      ...{ type: 'window', probe: 'off-cpu', ...span },
      data: { switches: { voluntary: 1, involuntary: 0 }, ...sums, blocked, runnable: histogramOf([], 0), open: null },
    },
    {
      ...{ type: 'stacks', probe: 'off-cpu', unit: 'ns', ...span },
      rows: [
        [waits.short * 900, 900, [0, 1], { state: 'blocked' }],
        [waits.long * 100, 100, [0, 2], { state: 'blocked', over: '10 ms' }],
      ],
    },
    { ...phase, end_us: 1e7 },
    { type: 'end', reason: 'done', exit_code: 0, verdict: 'done' },
  ]
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}
