import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import {
  columnCounts,
  columnTotals,
  counterGrowth,
  createSpan,
  findPath,
  joinColumns,
  type PhaseModel,
  pathOf,
  profileOf,
  type RecordingRecord,
  readSpan,
  type Span,
} from '../../../audit/index.ts'
import { tailName } from '../../../audit/recording/tail-name.ts'
import { atEndsOfPhases } from '../../../audit/telemetry/facts.ts'
import { sources } from '../../../audit/telemetry/sources.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { ndjson } from './records.ts'

const SECONDS = 60
const S = 1_000_000
const catalog = syntheticCatalog()
const records: RecordingRecord[] = []
const run = syntheticRun(SECONDS, 12, (record) => records.push(record))

const folder = mkdtempSync('/tmp/probe-span-')
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: readonly RecordingRecord[]): string => {
  const whole = path.join(folder, name)
  writeFileSync(whole, ndjson(content))
  return whole
}

function spanOf(fromUs: number, toUs: number, of: readonly RecordingRecord[] = records): Span {
  const span = createSpan(catalog, { id: -1, name: 'A', fromUs, toUs })
  for (const record of of) span.add(record)
  return span.result()
}

/** Everything of a phase that adds up or is a distribution, and nothing of where it stands. */
function numbersOf(phase: PhaseModel) {
  const { load } = phase
  return {
    probes: [...phase.probes.values()].map(({ probe, windows, coveredUs, data }) => ({
      ...{ probe, windows, coveredUs, data },
    })),
    load: load && {
      ...{ sent: load.sent, done: load.done, errors: load.errors, startUs: load.startUs, endUs: load.endUs },
      ...{ response: load.response, service: load.service, sendLag: load.sendLag },
    },
    telemetry: [...phase.telemetry],
    loss: phase.loss,
  }
}

/** Weight and events of each stack by its path. */
function stacksOf(span: Pick<Span, 'profileOf' | 'phase'>): Map<string, [number, number]> {
  const profile = span.profileOf('stalls', 'blocked')
  if (!profile) return new Map()
  const column = profile.columns.indexOf(String(span.phase.id))
  const [self, counts] = [profile.self[column], profile.selfCount[column]]
  return new Map(
    Array.from({ length: profile.size }, (_, node): [string, [number, number]] => [
      pathOf(profile, node).join(';'),
      [self?.[node] ?? 0, counts?.[node] ?? 0],
    ]).filter(([, weights]) => weights.some((weight) => weight > 0)),
  )
}

const phaseNamed = (name: string): PhaseModel => {
  const found = run.model.phases.find((phase) => phase.name === name)
  if (!found) throw new Error(`no phase ${name}`)
  return found
}

describe('a span', () => {
  test.each(['idle', 'baseline', 'stress'])('over the whole of %s is that phase', (name) => {
    const phase = phaseNamed(name)
    const span = spanOf(phase.startUs, phase.endUs ?? SECONDS * S)
    expect(numbersOf(span.phase)).toEqual(numbersOf(phase))
    expect(stacksOf(span)).toEqual(stacksOf({ phase, profileOf: (probe, view) => profileOf(run.model, probe, view) }))
    expect(span.covered).toEqual({ fromUs: phase.startUs, toUs: phase.endUs ?? SECONDS * S })
  })

  test('cut anywhere is two that add up to it, and says how far its edges moved', () => {
    const us = fc.integer({ min: 0, max: SECONDS * S })
    fc.assert(
      fc.property(us, us, us, (a, b, c) => {
        const [from = 0, cut = 0, to = 0] = [a, b, c].sort((x, y) => x - y)
        const [whole, first, second] = [spanOf(from, to), spanOf(from, cut), spanOf(cut, to)]
        const sum = (read: (span: Span) => number) => read(first) + read(second)
        for (const read of [
          (span: Span) => span.phase.load?.done ?? 0,
          (span: Span) => span.phase.load?.errors['timeout'] ?? 0,
          (span: Span) => served(span),
          (span: Span) => span.phase.probes.get('calls')?.windows ?? 0,
          (span: Span) => span.phase.probes.get('calls')?.coveredUs ?? 0,
          (span: Span) => counterGrowth(span.phase, 'netns', 'TcpExt.ListenOverflows') ?? 0,
        ])
          expect(sum(read)).toBe(read(whole))
        const both = new Map(stacksOf(first))
        for (const [stack, [value, count]] of stacksOf(second)) {
          const [v, n] = both.get(stack) ?? [0, 0]
          both.set(stack, [v + value, n + count])
        }
        expect(both).toEqual(stacksOf(whole))
        for (const span of [whole, first, second])
          if (span.covered) {
            expect(Math.abs(span.covered.fromUs - span.fromUs)).toBeLessThanOrEqual(S / 2)
            expect(Math.abs(span.covered.toUs - span.toUs)).toBeLessThanOrEqual(S / 2)
          }
      }),
      { numRuns: 40 },
    )
  })

  test('keeps nothing over time, and is unknown where nothing lies in it', () => {
    const span = spanOf(30 * S, 40 * S)
    expect(span.phase.probes.get('waits')?.history).toEqual([])
    expect(span.phase.load?.history).toEqual([])
    const empty = spanOf(30.1 * S, 30.2 * S)
    expect(empty.covered).toBeNull()
    expect(empty.phase.load).toBeNull()
    expect(counterGrowth(empty.phase, 'netns', 'TcpExt.ListenOverflows')).toBeNull()
  })

  test('does not know the growth of what is read at the ends of phases alone, and those sources are all known', () => {
    expect([...atEndsOfPhases]).toEqual(sources.filter(({ every }) => every === Infinity).map(({ name }) => name))
    const span = createSpan(catalog, { id: 9, name: 'a part', fromUs: 30 * S, toUs: 40 * S })
    for (const [t, drops] of [
      [0, 0],
      [38, 282],
    ] as const)
      span.add({ type: 'telemetry', source: 'backlog', t_us: t * S, values: { '80.drops': drops, '80.limit': 16 } })
    const { phase } = span.result()
    expect(counterGrowth(phase, 'backlog', '80.drops')).toBeNull()
    expect(phase.telemetry.get('backlog')?.last['80.limit']).toBe(16)
  })

  test('counts a counter from the last sample before it, whatever the order of the sources', () => {
    const sample = (source: string, t_us: number, value: number, more: { partial?: true } = {}): RecordingRecord => ({
      ...{ type: 'telemetry', source, t_us, values: { n: value }, ...more },
    })
    const span = spanOf(10, 20, [
      ...[sample('a', 5, 100), sample('b', 5, 7)],
      ...[sample('a', 15, 130), sample('b', 9, 8, { partial: true }), sample('b', 15, 10)],
      ...[sample('a', 25, 999), sample('b', 25, 999)],
    ])
    expect(counterGrowth(span.phase, 'a', 'n')).toBe(30)
    expect(counterGrowth(span.phase, 'b', 'n')).toBe(2)
  })
})

const served = (span: Span): number => {
  const data = span.phase.probes.get('waits')?.data
  return typeof data === 'object' && data !== null && 'served' in data ? Number(data.served) : 0
}

describe('reading a span', () => {
  const options = { id: -1, name: 'A', fromUs: 40 * S, toUs: 50 * S }

  test('of a file gives what its records give', async () => {
    const shares: number[] = []
    const span = await readSpan(file('whole.ndjson', records), catalog, options, {
      onProgress: (share) => shares.push(share),
    })
    expect(numbersOf(span.phase)).toEqual(numbersOf(spanOf(40 * S, 50 * S).phase))
    expect(shares.at(-1)).toBe(1)
  })

  test('of a recording that is being written ends with its last whole line, and has what is still to be added up', async () => {
    const [settled, rest] = [records.slice(0, -21), records.slice(-21)]
    const growing = file('growing.ndjson', settled)
    writeFileSync(growing, ndjson(settled) + JSON.stringify(records.at(-1)).slice(0, 40))
    writeFileSync(tailName(growing), ndjson(rest) + JSON.stringify(records.at(-1)).slice(0, 40))
    const toTheEnd = { ...options, toUs: SECONDS * S }
    const span = await readSpan(growing, catalog, toTheEnd)
    const { telemetry: _, ...numbers } = numbersOf(span.phase)
    expect(numbers).toMatchObject({ probes: numbersOf(spanOf(40 * S, SECONDS * S).phase).probes })
    expect(span.phase.load?.done).toBe(spanOf(40 * S, SECONDS * S).phase.load?.done)
  })

  test('ends when it is told to', async () => {
    const stop = new AbortController()
    const reading = readSpan(file('long.ndjson', records), catalog, options, { signal: stop.signal })
    stop.abort()
    await expect(reading).rejects.toThrow(/abort/i)
  })
})

describe('columns of a span beside those of the run', () => {
  const base = profileOf(run.model, 'stalls', 'blocked')
  const own = spanOf(30 * S, 40 * S).profileOf('stalls', 'blocked')
  if (!base || !own) throw new Error('the run has stacks')

  test('stand on the same nodes, without a copy', () => {
    const joined = joinColumns(base, own)
    expect(joined.nameOf).toBe(base.nameOf)
    expect(joined.columns).toEqual([...base.columns, '-1'])
    for (let node = 0; node < own.size; node++) {
      const there = findPath(joined, pathOf(own, node))
      expect(columnTotals(joined, '-1')[there ?? -1]).toBe(columnTotals(own, '-1')[node])
    }
  })

  test('stay right while the run grows', () => {
    const growing = syntheticRun(45, 12)
    const profile = profileOf(growing.model, 'stalls', 'blocked')
    if (!profile) throw new Error('the run has stacks')
    const before = columnTotals(joinColumns(profile, own), '-1')[0]
    for (let n = 0; n < 5; n++) growing.second()
    expect(columnTotals(joinColumns(profile, own), '-1')[0]).toBe(before)
    expect(columnTotals(joinColumns(profile, own), '2')[0]).toBe(columnTotals(profile, '2')[0])
  })

  test('are merged where the run has not those stacks', () => {
    const other = syntheticRun(5, 3)
    const small = profileOf(other.model, 'stalls', 'blocked')
    if (!small) throw new Error('the run has stacks')
    const joined = joinColumns(small, own)
    expect(columnTotals(joined, '-1')[0]).toBe(columnTotals(own, '-1')[0])
    expect(columnCounts(joined, '0')[0]).toBe(columnCounts(small, '0')[0])
  })
})
