import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { FramesRecord, RecordingRecord } from '../../../audit/index.ts'
import { createDigest } from '../../../audit/recording/digest.ts'
import { loadRecording } from '../../../cli/load-recording.ts'
import { stacksOf } from '../../../cli/stacks-of.ts'
import { loadCatalog } from '../../../probes/index.ts'
import { flameOfRun, flameSvg, phaseTable, textSummary, timelineSvg, wallFlameOfRun } from '../../../ui/index.ts'
import { writeLongRecording } from '../../bench/long-recording.ts'
import { mutateBytes, mutateJson, NUMBERS } from '../mutate.ts'
import type { Random } from '../random.ts'
import { type FuzzTarget, harmIn } from '../target.ts'

const PHASES = [
  { name: 'idle', kind: 'idle', seconds: 2, rps: 0 },
  { name: 'baseline', kind: 'baseline', seconds: 6, rps: 100 },
  { name: 'stress', kind: 'stress', seconds: 6, rps: 300 },
]

/** Records of all kinds, as the recorder writes them; names of its frames cut to a few. */
export async function seedRecords(folder: string): Promise<{ records: RecordingRecord[]; digest: string[] }> {
  const catalog = await loadCatalog()
  const path = join(folder, 'seed.ndjson')
  await writeLongRecording(path, catalog, PHASES)
  const records = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordingRecord)
    .flatMap((record): RecordingRecord[] => (record.type === 'frames' ? partsOf(record) : [record]))
  const more: RecordingRecord[] = [
    { type: 'note', t_us: 1e6, text: 'JIT frames have no names: start node with --perf-basic-prof' },
    { type: 'mark', t_us: 3e6, text: 'deploy' },
    { type: 'loss', start_us: 2e6, end_us: 3e6, probe: 'off-cpu', kind: 'map_full', count: 3 },
    { type: 'telemetry', t_us: 4e6, source: 'netns', values: { 'TcpExt.ListenOverflows': 3 }, partial: true },
  ]
  records.splice(30, 0, ...more)
  const digest: string[] = []
  const made = createDigest(catalog, 4e6, (record) => {
    if (record.type !== 'header') digest.push(JSON.stringify({ type: 'digest', record }))
  })
  for (const record of records) made.add(record)
  return { records, digest }
}

/** Names come in many lines: one of them may be lacking. */
function partsOf({ names }: FramesRecord): FramesRecord[] {
  const each = 250
  return Array.from({ length: Math.ceil(names.length / each) }, (_, part) => ({
    ...{ type: 'frames', from: part * each },
    names: names.slice(part * each, (part + 1) * each),
  }))
}

function changed(random: Random, records: readonly RecordingRecord[]): RecordingRecord[] {
  const result = records.slice()
  for (let times = 1 + random.int(4); times > 0; times--) {
    // Each kind as often as the others: of names there is a line where there are a hundred windows.
    const type = random.pick([...new Set(result.map((one) => one.type))])
    const places = [...result.keys()].filter((place) => result[place]?.type === type)
    const at = random.pick(places)
    const record = result[at]
    if (!record) continue
    const choice = random.int(6)
    if (choice < 3) result[at] = mutateJson(random, record)
    else if (choice === 3) result.splice(at, 1)
    else if (choice === 4) result.splice(random.int(result.length), 0, record)
    else result[at] = withNumbers(random, record)
  }
  return result
}

/** Times and numbers of places, which everything else counts by. */
function withNumbers(random: Random, record: RecordingRecord): RecordingRecord {
  const keys = ['start_us', 'end_us', 't_us', 'phase', 'id', 'from'].filter((key) => key in record)
  if (keys.length === 0) return record
  return { ...record, [random.pick(keys)]: random.pick(NUMBERS) } as RecordingRecord
}

const recording: FuzzTarget = {
  about:
    'recordings (plain, gzip, zstd, with a digest, with a tail) → text, timeline, flame graphs, wall clock, differences',
  cases: 160,
  open: async (folder) => {
    const { records, digest } = await seedRecords(folder)
    const catalog = await loadCatalog()
    return {
      generate: (random) => {
        const lines = changed(random, records).map((record) => JSON.stringify(record))
        if (random.chance(0.25))
          lines.splice(1, 0, ...digest.slice(0, random.chance(0.5) ? digest.length : random.int(digest.length)))
        let bytes: Buffer = Buffer.from(`${lines.join('\n')}\n`)
        if (random.chance(0.25)) bytes = mutateBytes(random, bytes)
        const kind = random.pick(['ndjson', 'ndjson', 'ndjson.gz', 'ndjson.zst', 'tail'])
        if (kind === 'ndjson.gz') bytes = gzipSync(bytes, { level: 1 })
        if (kind === 'ndjson.zst') bytes = zstdCompressSync(bytes)
        return { kind, bytes: kind.length > 6 && random.chance(0.3) ? mutateBytes(random, bytes) : bytes }
      },
      read: async ({ kind, bytes }) => {
        const path = join(folder, kind === 'tail' ? 'run.ndjson' : `run.${kind}`)
        const half = bytes.indexOf(10, bytes.length / 2) + 1
        writeFileSync(path, kind === 'tail' ? bytes.subarray(0, half) : bytes)
        if (kind === 'tail') writeFileSync(`${path}.tail`, bytes.subarray(half))
        try {
          return await shown(path)
        } finally {
          rmSync(path)
          rmSync(`${path}.tail`, { force: true })
        }
      },
    }

    async function shown(path: string): Promise<string | null> {
      const loaded = await loadRecording(path, catalog)
      const { model } = loaded
      const texts = [
        ['the text', textSummary(model, catalog, { path, bytes: loaded.bytes })],
        ['the table of phases', model.phases.length > 1 ? JSON.stringify(await phaseTable(model, catalog)) : ''],
        ['the timeline', await timelineSvg(model, catalog)],
      ]
      for (const probe of catalog.values())
        for (const phase of model.phases.slice(0, 2)) {
          const graph = await flameOfRun(model, { probe, show: { phase } })
          if (graph) texts.push(['a flame graph', await flameSvg(graph.profile, graph.options)])
        }
      const [first] = model.phases
      const wall = first && (await wallFlameOfRun(model, { phase: first }))
      if (wall) texts.push(['the wall clock', await flameSvg(wall.profile, wall.options)])
      const names = [...new Set(model.phases.map(({ name }) => name))].filter(
        (name) => name !== '' && !name.includes('..'),
      )
      const [base, candidate] = [names[0], names.at(-1)]
      if (names.length > 1) {
        const graph = await stacksOf(path, { unit: 'samples', diff: `${base}..${candidate}` })
        texts.push(['a difference', await flameSvg(graph.profile, graph.options)])
      }
      for (const [what = '', text = ''] of texts) {
        const harm = harmIn(what, text)
        if (harm) return harm
      }
      return null
    }
  },
}

export const recordingTargets = { recording }
