import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../../audit/limits.ts'
import { applyRecord, createRunModel, profileOf } from '../../../audit/model/apply.ts'
import { createSpan } from '../../../audit/model/span.ts'
import { columnTotals } from '../../../audit/profile/totals.ts'
import type { PhaseSummary, RecordingRecord, StackRow, SummaryRecord } from '../../../audit/recording/format.ts'
import { packRecording } from '../../../audit/recording/pack.ts'
import { type ReadingOptions, readRecording } from '../../../audit/recording/reader.ts'
import { createRecording } from '../../../audit/recording/writer.ts'
import { waitsByLock } from '../../../probes/catalog/locks/by-lock.ts'
import { catalog } from './long-run.ts'
import { header, phase } from './records.ts'

const STACKS = 60_000
const DEPTH = 30
const names = Array.from({ length: STACKS }, (_, i) => `void service::Handler<größe_${i}>::call(std::vector<int>&)`)
/** Each ends in a function of its own. */
const rows = Array.from(
  { length: STACKS },
  (_, i): StackRow => [
    i + 1,
    2,
    [...Array.from({ length: DEPTH - 1 }, (__, n) => STACKS - 1 - n), i],
    { state: 'blocked' },
  ],
)
const whole: RecordingRecord[] = [
  header(),
  phase(1, 'stress', 0),
  { type: 'frames', from: 0, names },
  { type: 'stacks', probe: 'waits', phase: 1, start_us: 0, end_us: 10, unit: 'ns', rows },
  phase(1, 'stress', 0, 10),
  { type: 'end', reason: 'done', exit_code: 0, verdict: 'done' },
]

function fresh(): string {
  const folder = mkdtempSync(join(tmpdir(), 'probe-split-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'run.ndjson')
}
async function write(records: readonly RecordingRecord[]): Promise<string> {
  const writer = await createRecording(fresh(), catalog)
  for (const record of records) writer.append(record)
  await writer.close()
  return writer.path
}
/** What a run and a span over all of it say of the stacks. */
async function read(path: string, options: ReadingOptions = {}) {
  const model = createRunModel(catalog)
  const span = createSpan(catalog, { id: 9, name: 'all', fromUs: 0, toUs: 10 })
  for await (const record of readRecording(path, options)) {
    applyRecord(model, record)
    span.add(record)
  }
  const totals = (profile: ReturnType<typeof profileOf>, column: string) =>
    profile && { nodes: profile.size, sums: columnTotals(profile, column) }
  return {
    model,
    lost: [model.skipped, ...model.leftOut],
    names: model.frames.length,
    functions: model.phases[0]?.probes.get('waits')?.functions?.total,
    run: totals(profileOf(model, 'waits', 'blocked'), '1'),
    span: totals(span.result().profileOf('waits', 'blocked'), '9'),
  }
}
const longestOf = (text: string): number => Math.max(...text.split('\n').map((line) => Buffer.byteLength(line)))

test('stacks and names beyond what readers take of a line are several records that add up the same', async () => {
  const path = await write(whole)
  const truth = createRunModel(catalog)
  for (const record of whole) applyRecord(truth, record)
  const profile = profileOf(truth, 'waits', 'blocked')
  const sum = (STACKS * (STACKS + 1)) / 2
  expect(JSON.stringify(whole[3]).length).toBeGreaterThan(LIMITS.lineBytes.most)
  expect(longestOf(readFileSync(path, 'utf8'))).toBeLessThan(LIMITS.lineBytes.most / 4)
  const stacks = { nodes: profile?.size, sums: profile && columnTotals(profile, '1') }
  expect(stacks.sums?.[0]).toBe(sum)
  const found = await read(path)
  expect(found).toMatchObject({ lost: [0], names: STACKS, functions: sum, run: stacks, span: stacks })
  expect(found.model.frames).toEqual(truth.frames)

  const { path: packed } = await packRecording(path, catalog, 10)
  expect(longestOf(gunzipSync(readFileSync(packed)).toString())).toBeLessThan(LIMITS.lineBytes.most / 4)
  expect(await read(packed)).toMatchObject({ lost: [0], names: STACKS, functions: sum, run: stacks, span: stacks })
}, 60_000)

test('the digest of such a run is in as short lines, and says the same', async () => {
  // Each stack again and again: else a digest would not be worth its place.
  const [some, times] = [rows.slice(0, 6_000), 4]
  const again = Array.from({ length: times }, (_, n): RecordingRecord => {
    return { type: 'stacks', probe: 'waits', phase: 1, start_us: n, end_us: n + 1, unit: 'ns', rows: some }
  })
  const path = await write(
    whole.flatMap((record) => (record.type === 'stacks' ? again : record.type === 'frames' ? [] : [record])),
  )
  const { path: packed } = await packRecording(path, catalog, 10)
  const digest = gunzipSync(readFileSync(packed))
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('{"type":"digest"'))
  expect(digest.filter((line) => line.includes('"stacks"')).length).toBeGreaterThan(1)
  expect(longestOf(digest.join('\n'))).toBeLessThan(LIMITS.lineBytes.most / 4)
  const [brief, all] = [await read(packed, { isBrief: true }), await read(packed)]
  expect(brief.run?.sums[0]).toBe(times * ((6_000 * 6_001) / 2))
  expect([brief.lost, brief.run, brief.functions]).toEqual([all.lost, all.run, all.functions])
}, 60_000)

test('the summary of many phases with many counters is read back whole', async () => {
  const counters = Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`connections.resends ${n}`, n]))
  const summary: SummaryRecord = {
    type: 'summary',
    phases: Array.from({ length: 500 }, (_, id) => summaryOf(id, counters)),
    findings: [],
    cost: { tracer_cpu_pct: 1, bpf_cpu_pct: null, recorder_cpu_pct: 2 },
    loss: { map_full: 3 },
  }
  expect(JSON.stringify(summary).length).toBeGreaterThan(LIMITS.lineBytes.most)
  const path = await write([header(), summary])
  expect(longestOf(readFileSync(path, 'utf8'))).toBeLessThan(LIMITS.lineBytes.most / 4)
  const { model, lost } = await read(path)
  expect(lost).toEqual([0])
  expect(model.summary).toEqual(summary)
})

test('a window whose table no reader would take is left out, and the recording says so', async () => {
  const data = { names: ['x'.repeat(LIMITS.lineBytes.most)] }
  const { model } = await read(
    await write([
      header(),
      phase(1, 'a', 0),
      { type: 'window', probe: 'waits', phase: 1, start_us: 0, end_us: 5, data },
    ]),
  )
  expect(model.notes).toEqual([
    { kind: 'note', tUs: 5, text: 'a window record of waits was left out: it takes 8.0 MiB' },
  ])
})

test('of more locks than a window has room for those that were waited for most often are kept', () => {
  const stacks = Array.from({ length: 30_000 }, (_, n) => ({
    value: 1,
    count: n,
    frames: ['main'],
    dims: { lock: 'user', class: 'mutex', address: `0x${n.toString(16)}` },
  }))
  const found = waitsByLock(stacks)
  expect(found).toHaveLength(1_000)
  expect(Math.min(...found.map(({ count }) => count))).toBe(29_000)
})

function summaryOf(id: number, counters: Record<string, number>): PhaseSummary {
  return {
    ...{ id, name: `step ${id}`, kind: 'stress', duration_us: 1, valid: true, reasons: [], planned: null, sent: null },
    ...{ done: null, errors: {}, rps: null, response_ms: null, service_ms: null, send_lag_ms: null, per_request: {} },
    ...{ figures: {}, counters, loss: {} },
    cost: { tracer_cpu_pct: null, bpf_cpu_pct: null, bpf_estimated: false, recorder_cpu_pct: null },
  }
}
