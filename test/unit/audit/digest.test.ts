import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { applyRecord, createRunModel, profileOf } from '../../../audit/model/apply.ts'
import type { RunModel } from '../../../audit/model/run.ts'
import type { RecordingRecord, StackRow } from '../../../audit/recording/format.ts'
import { packRecording } from '../../../audit/recording/pack.ts'
import { type ReadingOptions, readRecording } from '../../../audit/recording/reader.ts'
import { catalog, run, runOf, SECOND, second, sumsOf } from './long-run.ts'
import { ndjson, note } from './records.ts'

/** A run of hours, with stacks in every phase, as it stands in its file when it is over. */
function longRun(): RecordingRecord[] {
  const records: RecordingRecord[] = runOf(second, [60, 3000, 60]).flatMap((record, index) => {
    if (record.type !== 'window' || record.end_us % (20 * SECOND) !== 0) return [record]
    const row = (value: number, frames: number[], state: string): StackRow => [value, 1, frames, { state }]
    const rows = [row(index % 7, [0, 1], 'blocked'), row(3, [0, 2], 'runnable'), row(1, [0, 1], 'runnable')]
    const { phase, start_us, end_us } = record
    return [record, { type: 'stacks', probe: 'waits', phase, start_us, end_us, unit: 'ns', rows }]
  })
  records.splice(1, 0, { type: 'frames', from: 0, names: ['main', 'größe', 'other'] })
  records.push(note('in the middle', 1500 * SECOND), { type: 'end', reason: 'done', exit_code: 0, verdict: 'fine' })
  return records
}

async function packed(records: readonly RecordingRecord[], seconds = 3120): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'probe-digest-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'run.ndjson')
  writeFileSync(path, ndjson(records))
  return (await packRecording(path, catalog, seconds * SECOND)).path
}

async function read(path: string, options?: ReadingOptions): Promise<{ model: RunModel; records: RecordingRecord[] }> {
  const model = createRunModel(catalog)
  const records: RecordingRecord[] = []
  for await (const record of readRecording(path, options)) {
    applyRecord(model, record)
    if (record.type !== 'skipped') records.push(record)
  }
  return { model, records }
}

const stacksOf = (model: RunModel) =>
  ['blocked', 'all'].map((view) => {
    const profile = profileOf(model, 'waits', view)
    if (!profile) return null
    const used = <T>(weights: readonly { slice: (from: number, to: number) => T }[]) =>
      weights.map((column) => column.slice(0, profile.size))
    return [profile.columns, used(profile.self), used(profile.selfCount)]
  })

test('a long recording in brief says the same of each phase, in a fifth of the records', async () => {
  const records = longRun()
  const path = await packed(records)
  const [brief, whole] = [await read(path, { isBrief: true }), await read(path)]
  expect(brief.records.length).toBeLessThan(records.length / 5)
  expect(brief.records.at(-1)?.type).toBe('end')
  expect(brief.model.skipped).toBe(0)
  expect(sumsOf(brief.model)).toEqual(sumsOf(whole.model))
  expect(stacksOf(brief.model)).toEqual(stacksOf(whole.model))
  expect(stacksOf(brief.model)[0]).not.toBeNull()
  const told = ({ notes, header, end, frames, nowUs }: RunModel) => ({ notes, header, end, frames, nowUs })
  expect(told(brief.model)).toEqual(told(whole.model))
  const soak = brief.model.phases[1]?.probes.get('waits')?.history ?? []
  expect(soak.length).toBeGreaterThan(200)
})

test('who reads all of it reads what was recorded, and nothing of the digest', async () => {
  const records = longRun()
  expect((await read(await packed(records))).records).toEqual(records)
})

test('a short recording has no digest: it would be as long', async () => {
  const records: RecordingRecord[] = [...run(200), { type: 'end', reason: 'done', exit_code: 0, verdict: 'fine' }]
  const path = await packed(records, 200)
  expect(gunzipSync(readFileSync(path)).toString()).toBe(ndjson(records))
  expect((await read(path, { isBrief: true })).records).toEqual(records)
})

test('a recording without an end has none: who reads in brief would not know where to stop', async () => {
  const path = await packed(longRun().slice(0, -1))
  expect(gunzipSync(readFileSync(path)).toString()).not.toContain('"digest"')
})

test('a damaged line of a digest is skipped and told; without its end nothing counts twice', async () => {
  const path = await packed(longRun())
  const lines = gunzipSync(readFileSync(path)).toString().split('\n')
  const damaged = lines.with(5, '{"type":"digest","record":{"type":"window"}}')
  writeFileSync(path, gzipSync(damaged.join('\n')))
  expect((await read(path, { isBrief: true })).model.skipped).toBe(1)
  const cut = lines.filter((line) => !line.includes('"record":{"type":"end"'))
  writeFileSync(path, gzipSync(cut.join('\n')))
  const { model } = await read(path, { isBrief: true })
  expect(model.end).toBeNull()
  expect(sumsOf(model)).toEqual(sumsOf((await read(path)).model))
})

test('only the header stands before it', async () => {
  const lines = gunzipSync(readFileSync(await packed(longRun())))
    .toString()
    .split('\n')
  expect(JSON.parse(lines[0] ?? '')).toEqual(longRun()[0])
  expect(lines[1]).toMatch(/^{"type":"digest",/)
})
