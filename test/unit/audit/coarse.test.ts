import { execFileSync } from 'node:child_process'
import {
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { applyRecord, createRunModel } from '../../../audit/model/apply.ts'
import type { RunModel } from '../../../audit/model/run.ts'
import { createCoarsener, windowMsAt } from '../../../audit/recording/coarse.ts'
import type { RecordingRecord } from '../../../audit/recording/format.ts'
import { readRecording } from '../../../audit/recording/reader.ts'
import { tailName } from '../../../audit/recording/tail-name.ts'
import { createRecording } from '../../../audit/recording/writer.ts'
import { catalog, modelOf, run, runOf, SECOND, second, sumsOf } from './long-run.ts'
import { note } from './records.ts'

function coarse(records: readonly RecordingRecord[]): RecordingRecord[] {
  const settled: RecordingRecord[] = []
  const { add, flush } = createCoarsener(catalog, { settled: (r) => settled.push(r), provisional: () => undefined })
  for (const record of records) add(record)
  flush()
  return settled
}

describe('a long phase', () => {
  test('has ever longer windows, from five minutes on, up to ten seconds', () => {
    expect([0, 299_999, 300_000, 600_000, 3_000_000, 14_400_000].map(windowMsAt)).toEqual([
      0, 0, 1000, 2000, 10_000, 10_000,
    ])
  })

  test('of four hours has a few thousand windows instead of 14 400, and the same sums', () => {
    // Load slices are the same story and dear to decode: the other tests have them.
    const fine = runOf((s, id) => second(s, id).filter(({ type }) => type !== 'load'), [20, 14_400, 20])
    const kept = coarse(fine)
    expect(kept.filter((r) => r.type === 'window').length).toBeLessThan(2_400)
    expect(sumsOf(modelOf(kept))).toEqual(sumsOf(modelOf(fine)))
  })

  test('never has a window of two phases, and none that overlap', () => {
    const kept = coarse(run(400, 700, 10))
    const windows = kept.filter((r) => r.type === 'window')
    for (const [index, window] of windows.entries()) {
      const next = windows[index + 1]
      if (next) expect(next.start_us).toBe(window.end_us)
    }
    expect(windows.filter((w) => w.phase === 2).map((w) => [w.start_us, w.end_us])).toContainEqual([
      400 * SECOND,
      401 * SECOND,
    ])
  })

  test('of any length adds up to the same', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 450 }), { minLength: 1, maxLength: 3 }), (lengths) => {
        const fine = run(...lengths)
        expect(sumsOf(modelOf(coarse(fine)))).toEqual(sumsOf(modelOf(fine)))
      }),
      { numRuns: 6 },
    )
  })

  test('keeps notes, marks and stacks where they were', () => {
    const records = [...run(500), note('here', 480 * SECOND)]
    expect(coarse(records).filter((r) => r.type === 'note')).toEqual([note('here', 480 * SECOND)])
  })
})

describe('a crash in a long phase', { timeout: 30_000 }, () => {
  async function crashed(seconds: number): Promise<{ path: string; records: RecordingRecord[] }> {
    const directory = mkdtempSync(join(tmpdir(), 'probe-coarse-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'run.ndjson')
    const records = run(seconds).slice(0, -1)
    const whole = join(directory, 'whole.ndjson')
    const writer = await createRecording(whole, catalog)
    for (const record of records) writer.append(record)
    // What a crash leaves is what is on the disk now: nothing is flushed, nothing closed.
    await expect.poll(() => readTail(whole), { timeout: 20_000 }).toContain(`"end_us":${seconds * SECOND}`)
    writeFileSync(path, readFileSync(whole))
    writeFileSync(tailName(path), readFileSync(tailName(whole)))
    expect(statSync(tailName(whole)).mode & 0o777).toBe(0o600)
    await writer.close()
    return { path, records }
  }
  const readTail = (path: string): string => {
    try {
      return readFileSync(tailName(path), 'utf8')
    } catch {
      return '' // not begun
    }
  }
  async function read(path: string): Promise<RunModel> {
    const model = createRunModel(catalog)
    for await (const record of readRecording(path)) applyRecord(model, record)
    return model
  }

  test('loses nothing that was on the disk', async () => {
    const { path, records } = await crashed(407)
    expect(sumsOf(await read(path))).toEqual(sumsOf(modelOf(records)))
  })

  test('half a line at the end of the tail is dropped', async () => {
    const { path, records } = await crashed(407)
    truncateSync(tailName(path), statSync(tailName(path)).size - 10)
    const kept = sumsOf(await read(path))[0]
    expect(kept?.waits).toEqual(sumsOf(modelOf(records))[0]?.waits)
  })

  test('after windows were settled and before the tail was emptied counts nothing twice', async () => {
    const { path, records } = await crashed(407)
    const settled = coarse(records).slice(-4)
    writeFileSync(path, settled.map((r) => `${JSON.stringify(r)}\n`).join(''), { flag: 'a' })
    expect(sumsOf(await read(path))).toEqual(sumsOf(modelOf(records)))
  })

  test.each<[what: string, plant: (tail: string, content: string) => void]>([
    ['a pipe', (tail) => execFileSync('mkfifo', [tail])],
    ['a link to what never ends', (tail) => symlinkSync('/dev/zero', tail)],
    [
      'a link to another',
      (tail, content) => {
        writeFileSync(`${tail}-else`, content)
        symlinkSync(`${tail}-else`, tail)
      },
    ],
    [
      'larger than any of ours',
      (tail, content) => {
        writeFileSync(tail, content)
        truncateSync(tail, 65 << 20)
      },
    ],
    [
      'of another user',
      (tail, content) => {
        writeFileSync(tail, content)
        if (process.getuid?.() === 0) chownSync(tail, 65534, 65534)
        else rmSync(tail)
      },
    ],
  ])('a tail that is %s is not read', async (_, plant) => {
    const { path } = await crashed(407)
    const [tail, alone] = [tailName(path), `${path}-alone`]
    writeFileSync(alone, readFileSync(path))
    const content = readFileSync(tail)
    rmSync(tail)
    plant(tail, String(content))
    expect(sumsOf(await read(path))).toEqual(sumsOf(await read(alone)))
  })

  test('a recording with its end has no use for a tail', async () => {
    const { path } = await crashed(407)
    const end = { type: 'end', t_us: 407 * SECOND, reason: 'done', exit_code: 0, verdict: 'done' }
    writeFileSync(path, `${JSON.stringify(end)}\n`, { flag: 'a' })
    const withTail = sumsOf(await read(path))
    rmSync(tailName(path))
    expect(withTail).toEqual(sumsOf(await read(path)))
  })

  test('an end in order leaves no tail', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'probe-coarse-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'run.ndjson')
    const writer = await createRecording(path, catalog)
    const records: RecordingRecord[] = [...run(400), { type: 'end', reason: 'done', exit_code: 0, verdict: 'done' }]
    for (const record of records) writer.append(record)
    await writer.close()
    expect(readTail(path)).toBe('')
    expect(sumsOf(await read(path))).toEqual(sumsOf(modelOf(records)))
  })
})
