import { join } from 'node:path'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { createMessage } from '../../audit/interchange/wire.ts'
import { recordingHeader } from '../recording-header.ts'

const MIB = 1 << 20
const head = `${JSON.stringify(recordingHeader(['off-cpu', 'syscalls']))}\n`
const phase = `${JSON.stringify({ type: 'phase', id: 1, name: 'p', kind: 'mark', start_us: 0 })}\n`
const line = (record: object): string => `${JSON.stringify(record)}\n`
const span = { phase: 1, start_us: 0, end_us: 10 }
const stacks = (rows: unknown) => line({ type: 'stacks', probe: 'off-cpu', ...span, unit: 'ns', rows })
const blocked = { state: 'blocked' }
const load = (more: object) =>
  line({
    ...{ type: 'load', ...span, target_rps: 1, sent: 1, done: 1, errors: {}, in_flight: 0, queued: 0 },
    hist: { response: '', service: null, send_lag: null },
    ...more,
  })

/** A gzip stream of one and many more of another: made in no time, however much they hold. */
const packed = (start: string | Buffer, block: string | Buffer, times: number): Buffer => {
  const one = gzipSync(block)
  return Buffer.concat([gzipSync(start), ...Array.from({ length: times }, () => one)])
}

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

/** The least of a pprof profile; `more` adds to it. */
function profile(more: (file: ReturnType<typeof createMessage>) => void = () => undefined): Buffer {
  const file = createMessage()
  for (const text of ['', 'cpu', 'nanoseconds', 'f']) file.text(6, text)
  file.message(1, (type) => {
    type.number(1, 1)
    type.number(2, 2)
  })
  file.message(4, (location) => location.number(1, 1))
  more(file)
  return Buffer.from(file.bytes())
}

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]

/** An SVG whose profile has this head and these bytes behind it. */
function picture(more: object, ...bodies: Buffer[]): string {
  const json = Buffer.from(
    JSON.stringify({
      ...{ version: 2, title: 't', lines: [], unit: 'samples', columns: [{ key: 'a', label: 'a' }], view: 0 },
      ...{ invert: false, counts: false, fraction: 1, nodes: 2, leaves: 1, names: ['all', 'f'] },
      ...more,
    }),
  )
  const raw = Buffer.concat([Buffer.from(varint(json.length)), json, ...bodies])
  const data = deflateRawSync(raw, { level: 9 }).toString('base64')
  return `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><metadata><profile xmlns="urn:probe:flame-profile:2">${data}</profile></metadata></svg>`
}
/** Names by index, callees, one leaf of weight 1: of a tree of two nodes. */
const twoNodes = Buffer.from([0, 1, 1, 0, 1, 1])

const costs = { tracer_cpu_pct: null, bpf_cpu_pct: null, recorder_cpu_pct: null }
const summary = {
  ...{ type: 'summary', findings: [], loss: {}, cost: costs },
  phases: [
    {
      ...{ id: 1, name: 'a', kind: 'mark', duration_us: 1, valid: false, reasons: ['x'], planned: null, sent: null },
      ...{ done: null, errors: {}, rps: null, response_ms: null, service_ms: null, send_lag_ms: null, loss: {} },
      ...{ per_request: {}, figures: {}, counters: {}, cost: { ...costs, bpf_estimated: false } },
    },
  ],
}

const recordingCommands = [
  ['replay', '--no-ui'],
  ['flame', '-o', 'out.svg'],
]
const flame = [['flame', '-o', 'out.svg']]

export interface Bomb {
  file: string
  make: () => string | Buffer
  /** the file goes behind these */
  commands: readonly (readonly string[])[]
  /** what is said of it, on either output; null: nothing need be */
  says: RegExp | null
}

/** Files that are small, and would be large, deep, long or for ever: each made in a moment. */
export const bombs: Readonly<Record<string, Bomb>> = {
  'a recording with a line of a gigabyte': {
    file: 'line.ndjson.gz',
    make: () => packed(head, Buffer.alloc(64 * MIB, 'A'), 16),
    commands: recordingCommands,
    says: /more than 64 times its packed size/,
  },
  'a recording whose first line has no end': {
    file: 'first.ndjson',
    make: () => Buffer.alloc(40 * MIB, '{"type":"header","x":"'),
    commands: recordingCommands,
    says: /its first line is longer than 8 MiB/,
  },
  'a recording of two million notes': {
    file: 'notes.ndjson.gz',
    make: () => packed(head, line({ type: 'note', t_us: 1, text: 'x'.repeat(1_000) }).repeat(10_000), 200),
    commands: recordingCommands,
    says: /more than 64 times its packed size/,
  },
  'a recording with more notes than are kept': {
    file: 'many-notes.ndjson',
    make: () => head + phase + line({ type: 'note', t_us: 1, text: 'x' }).repeat(200_000),
    commands: [['replay', '--no-ui']],
    says: /\d{6} notes and marks left out: there are more than 2000/,
  },
  'a recording of 300 000 phases': {
    file: 'phases.ndjson.gz',
    make: () =>
      gzipSync(
        head +
          Array.from({ length: 300_000 }, (_, id) =>
            line({ type: 'phase', id, name: `p${id}`, kind: 'mark', start_us: id }),
          ).join(''),
      ),
    commands: [['replay', '--no-ui']],
    says: /299500 phases left out: there are more than 500 phases/,
  },
  'a recording of a hundred thousand summaries': {
    file: 'summaries.ndjson',
    make: () => head + phase + line(summary).repeat(100_000),
    commands: [['replay', '--no-ui']],
    says: /\d+ parts of the summary left out: there are more than 16 Mi characters of the summary/,
  },
  'a recording whose names begin at four thousand million': {
    file: 'frames.ndjson',
    make: () =>
      head +
      phase +
      line({ type: 'frames', from: 4e9, names: ['a', 'b'] }) +
      stacks([
        [5, 1, [0, 1, 4e9], blocked],
        [5, 1, [-1, 4e9, 1.5], blocked],
      ]),
    commands: recordingCommands,
    says: null,
  },
  'a recording that lacks a line of names': {
    file: 'lacking.ndjson',
    make: () => head + phase + line({ type: 'frames', from: 3, names: ['late'] }) + stacks([[5, 1, [0, 3], blocked]]),
    commands: recordingCommands,
    says: null,
  },
  'a recording with a stack of a million frames': {
    file: 'deep.ndjson',
    make: () =>
      head +
      phase +
      line({ type: 'frames', from: 0, names: ['a'] }) +
      stacks([[5, 1, new Array(1e6).fill(0), blocked]]),
    commands: recordingCommands,
    says: null,
  },
  'a recording whose plan and data are nested': {
    file: 'nested.ndjson',
    make: () =>
      head +
      phase +
      line({ type: 'window', probe: 'off-cpu', ...span, data: 1 }).replace('"data":1', `"data":${nested(1e5)}`),
    commands: [['replay', '--no-ui']],
    says: /1 lines left out: there are more than 64 levels of JSON/,
  },
  'a recording whose slices end in 285 years': {
    file: 'long.ndjson',
    make: () =>
      head.replace('"plan":null', '"plan":{}') +
      phase +
      load({ end_us: Number.MAX_SAFE_INTEGER }) +
      line({
        type: 'window',
        probe: 'retransmits',
        ...span,
        end_us: Number.MAX_SAFE_INTEGER,
        data: { segments: 1, syn: 1, synack: 1, loss_probes: 1, flows: [] },
      }),
    commands: recordingCommands,
    says: null,
  },
  'a recording with 400 000 slices of a microsecond': {
    file: 'short.ndjson',
    make: () => head + phase + load({ start_us: 0, end_us: 1 }).repeat(100_000),
    commands: [['replay', '--no-ui']],
    says: null,
  },
  'a recording with ever more names in its windows': {
    file: 'names.ndjson',
    make: () =>
      head +
      phase +
      Array.from(
        { length: 100 },
        (_, i) =>
          line({
            ...{ type: 'window', probe: 'retransmits', ...span },
            data: Object.fromEntries(Array.from({ length: 3_000 }, (_, j) => [`k${i}-${j}`, j])),
          }) +
          line({
            type: 'telemetry',
            t_us: i,
            source: `s${i}`,
            values: Object.fromEntries(Array.from({ length: 3_000 }, (_, j) => [`k${j}`, j])),
          }),
      ).join(''),
    commands: [['replay', '--no-ui']],
    says: /numbers of telemetry left out/,
  },
  'a recording of lines that are none': {
    file: 'none.ndjson',
    make: () => head + '{}\n'.repeat(1e6),
    commands: [['replay', '--no-ui']],
    says: /more than 100000 lines that are no records/,
  },
  'a profile with a stack of 400 million': {
    file: 'ids.pb.gz',
    make: () => {
      const ids = 64 * MIB
      const length = ids + 2
      return packed(
        Buffer.concat([profile(), Buffer.from([0x12, ...varint(length), 0x0a, ...varint(ids)])]),
        Buffer.alloc(ids, 1),
        1,
      )
    },
    commands: flame,
    says: /unpacks to more than 32 MiB/,
  },
  ...Object.fromEntries(
    (
      [
        ['texts', [0x32, 0]],
        ['kinds of values', [0x0a, 0]],
        ['samples', [0x12, 0]],
        ['locations', [0x22, 0]],
        ['comments', [0x68, 1]],
      ] as const
    ).flatMap(([what, field]) => [
      [
        `a profile of 150 million ${what}`,
        {
          file: `${what}.pb.gz`.replaceAll(' ', '-'),
          make: () => packed(profile(), Buffer.alloc(30 * MIB, Buffer.from(field)), 10),
          commands: flame,
          says: /unpacks to more than 32 MiB/,
        },
      ],
      [
        `a profile of 4 million ${what}, not packed`,
        {
          file: `${what}.pb`.replaceAll(' ', '-'),
          make: () => Buffer.concat([profile(), Buffer.alloc(8 * MIB, Buffer.from(field))]),
          commands: flame,
          says: /there are more than (1500000 entries|64 kinds of values)/,
        },
      ],
    ]),
  ),
  'a picture of 50 million boxes': {
    file: 'nodes.svg',
    make: () => picture({ nodes: 50_000_000 }, Buffer.alloc(31 * MIB, 1)),
    commands: flame,
    says: /there are more than 8 Mi places of stacks|unpacks to more than/,
  },
  'a picture of a hundred phases and five million boxes': {
    file: 'cells.svg',
    make: () =>
      picture(
        { nodes: 5_000_000, columns: Array.from({ length: 100 }, (_, key) => ({ key: `${key}`, label: 'a' })) },
        Buffer.alloc(20 * MIB, 1),
      ),
    commands: flame,
    says: /there are more than 16 Mi places of stacks times phases/,
  },
  'a picture that unpacks to a gigabyte': {
    file: 'burst.svg',
    make: () => picture({}, Buffer.alloc(200 * MIB)),
    commands: flame,
    says: /unpacks to more than \d+ MiB, \d+ times its size/,
  },
  'a picture whose tree is one stack of two million': {
    file: 'chain.svg',
    make: () =>
      picture({ nodes: 2_000_000 }, Buffer.alloc(2_000_000, 1), Buffer.alloc(1_999_999, 1), Buffer.from([0, 1, 1])),
    commands: flame,
    says: /stacks of more than 100000 frames/,
  },
  'a picture that is searched by a pattern without end': {
    file: 'search.svg',
    make: () => picture({ names: ['all', `${'a'.repeat(60)}!`], start: { search: '(a+)+$' } }, twoNodes),
    commands: flame,
    says: null,
  },
  'a file of one element that begins again and again': {
    file: 'begun.svg',
    make: () => `<svg>${'<profile xmlns="urn:probe:flame-profile:2"'.repeat(400_000)}`,
    commands: flame,
    says: /the SVG carries no profile|another version/,
  },
  'folded stacks of a line of 150 000 frames': {
    file: 'deep.folded',
    make: () => `main;f 1\n${'f;'.repeat(150_000)}g 1\n`,
    commands: flame,
    says: null,
  },
  'folded stacks that are all different': {
    file: 'different.folded',
    make: () => Array.from({ length: 300_000 }, (_, i) => `main;a${i % 977};b${i};c${i} 1`).join('\n'),
    commands: flame,
    says: null,
  },
}

/** Where a bomb lies in a folder. */
export const placeOf = (folder: string, { file }: Bomb): string => join(folder, file)
