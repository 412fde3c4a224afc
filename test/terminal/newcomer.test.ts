import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createHdr } from '../../audit/load/hdr.ts'
import { bucketOf, histogramOf } from '../../probes/index.ts'
import { recordingHeader } from '../recording-header.ts'
import { startTmux, type Tmux } from './tmux.ts'

/**
 * The trial of a newcomer: who opens a recording and reads nothing but the screen finds which phase is worst, why, and
 * takes away the proof. Keys are those that the screen names at the moment.
 */
const root = fileURLToPath(new URL('../../', import.meta.url))
const REPLAY = `${root}node_modules/.bin/node ${root}test/terminal/drive-replay.ts`

let tmux: Tmux
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'probe-newcomer-'))
})
afterEach(() => {
  tmux.kill()
  rmSync(folder, { recursive: true })
})

it.each([
  ['120x40', 120, 40],
  ['80x24', 80, 24],
])('finds the worst phase, why, and the proof in three keys at %s', async (_, columns, rows) => {
  writeFileSync(join(folder, 'run.ndjson'), recording())
  tmux = startTmux(join(folder, 'socket'), columns, rows)
  tmux.run(`${REPLAY} ${folder}/run.ndjson`)

  // Which phase is worst: it is open, and the table and the line say so. It is not the last one.
  // (The lines around the table and the table are two writes: a capture may fall between them.)
  const opened = (await tmux.until(/baseline +▲ stress +recovery.*is worst: .* q quit/s)).join('\n')
  expect(opened).toMatch(/^ replay {2}.* stress 2\/3 /)
  expect(opened).toMatch(/▲ stress is worst: (response )?p99 40\.\d ms/)

  // Why: the key that the line names leads to what it names.
  const [, why = '', title = ''] = /(\S) shows it(?:: \d (\S+))?/.exec(opened) ?? []
  // A narrow line has no room for where it leads.
  expect([why, title]).toEqual(['f', columns < 100 ? '' : 'Accept'])
  tmux.keys(why)
  const reason = (await tmux.until(/▲ stress, 1 of \d: Accept waited p99 2\d\.\d ms/)).join('\n')
  expect(reason).toContain('stress')

  // The proof: so does the key for it.
  const [, out = ''] = / {3}(\S) exports it/.exec(reason) ?? []
  expect(out).toBe('e')
  tmux.keys(out)
  const asked = (await tmux.until(/export: \S /)).join('\n')
  // A narrow line has no room to say that enter takes the first.
  tmux.keys(asked.includes('enter the first') ? 'Enter' : (/export: (\S)/.exec(asked)?.[1] ?? ''))
  await tmux.until(/written: .*accept-queue-stress/)
  const [table = ''] = saved('.csv')
  expect(table).toContain('stress')
  expect(readFileSync(join(folder, table), 'utf8')).toMatch(/:8080/)

  // The next reason, and its picture: the difference from the baseline, with the function in it.
  tmux.keys('f')
  await tmux.until(/▲ stress, 2 of \d: Off-CPU blocked per request 4\.00 ms/)
  await tmux.until(/stress − b/)
  tmux.keys('e', 'Enter')
  await tmux.until(/written: .*off-cpu-blocked-stress-against-baseline/)
  const [picture = ''] = saved('.svg')
  expect(readFileSync(join(folder, picture), 'utf8')).toContain('cache_get')
})

const saved = (ending: string): string[] => readdirSync(folder).filter((name) => name.endsWith(ending))

const SECOND = 1e6
const PHASES = [
  { id: 0, name: 'baseline', waitNs: 3e5, blockedNs: 1e6, p99Ms: 2.1 },
  { id: 1, name: 'stress', waitNs: 2.1e7, blockedNs: 4e6, p99Ms: 40 },
  { id: 2, name: 'recovery', waitNs: 3e5, blockedNs: 1e6, p99Ms: 2.1 },
] as const

/** An audit of three phases, ten seconds each, as a recorder writes it. */
function recording(): string {
  const names = ['main', 'serve', 'cache_get', 'pthread_mutex_lock', 'futex_wait_[k]', 'read_body']
  const records = [
    recordingHeader(['accept-queue', 'off-cpu'], {
      plan: { phases: PHASES.map(({ name }) => ({ name, duration: '10s', rate: '100/s' })) },
    }),
    { type: 'frames', from: 0, names },
    ...PHASES.flatMap(phaseRecords),
    { type: 'end', reason: 'done', exit_code: 0, verdict: 'done' },
  ]
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}

function phaseRecords({ id, name, waitNs, blockedNs, p99Ms }: (typeof PHASES)[number]): object[] {
  const [start_us, end_us] = [id * 10 * SECOND, (id + 1) * 10 * SECOND]
  const phase = { type: 'phase', id, name, kind: name, start_us }
  const span = { phase: id, start_us, end_us }
  // One connection in five waits long: their median does not move.
  const buckets: [number, number][] = [
    [bucketOf(3e5), 1600],
    [bucketOf(waitNs), 400],
  ]
  const waits = histogramOf(buckets, 3e5 * 1600 + waitNs * 400)
  const none = histogramOf([], 0)
  const listener = { accepted: 2000, latency: waits, untracked: 0, depth_max: 3, limit: 16 }
  const blocked = { working_ns: blockedNs * 2000, idle_ns: 0, blocked_ns: blockedNs * 2000, runnable_ns: 0 }
  const response = createHdr()
  for (let n = 1; n <= 2000; n++) response.recordMs((p99Ms * n) / 1980)
  return [
    phase,
    {
      type: 'window',
      probe: 'accept-queue',
      ...span,
      data: { listeners: { 8080: listener }, errors: {}, waiting: [] },
    },
    {
      ...{ type: 'window', probe: 'off-cpu', ...span },
      data: { switches: { voluntary: 1, involuntary: 0 }, ...blocked, blocked: none, runnable: none, open: null },
    },
    {
      ...{ type: 'stacks', probe: 'off-cpu', unit: 'ns', ...span },
      rows: [
        [(blockedNs - 8e5) * 2000, 2000, [0, 1, 2, 3, 4], { state: 'blocked' }],
        [8e5 * 2000, 2000, [0, 1, 5], { state: 'blocked' }],
      ],
    },
    {
      ...{ type: 'load', ...span, target_rps: 200, sent: 2000, done: 2000, errors: {}, in_flight: 0, queued: 0 },
      hist: { response: response.encode(), service: response.encode(), send_lag: createHdr().encode() },
    },
    { ...phase, end_us },
  ]
}
