import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib'
import { formatNamed, parseFolded } from '../../../audit/index.ts'
import { createMessage, type MessageWriter } from '../../../audit/interchange/wire.ts'
import { type StacksChoice, stacksOf } from '../../../cli/stacks-of.ts'
import { flameSvg } from '../../../ui/index.ts'
import { mutateBytes, mutateJson, mutateLines, NUMBERS, TEXTS } from '../mutate.ts'
import type { Random } from '../random.ts'
import { type FuzzTarget, harmIn, type Input, type Opened } from '../target.ts'

const samples = join(import.meta.dirname, '../../../fixtures/samples')

const FOLDED = Array.from({ length: 60 }, (_, i) => `main;f${i % 7};g${i % 5}_[k];h${i}_[j] ${i * 3 + 1}`).join('\n')

/** Drawn, and written in every format. */
const drawn =
  (folder: string, extension: (kind: string) => string, choice: (input: Input) => Partial<StacksChoice> = () => ({})) =>
  async (input: Input): Promise<string | null> => {
    const path = join(folder, `stacks.${extension(input.kind)}`)
    writeFileSync(path, input.bytes)
    try {
      const graph = await stacksOf(path, { unit: 'samples', ...choice(input) })
      const { profile, options, value } = graph
      const texts: [string, string][] = [['the picture', await flameSvg(profile, options)]]
      for (const name of ['folded', 'speedscope', 'pprof'] as const) {
        const { title, lines, columns } = options
        const pieces = formatNamed(name).write?.(profile, { title, lines, columns, value }) ?? []
        let text = ''
        for (const piece of pieces) if (typeof piece === 'string') text += piece
        if (name === 'speedscope') JSON.parse(text)
        texts.push([name, text])
      }
      texts.push(['its names', JSON.stringify([options.title, options.lines, options.columns, options.start ?? null])])
      for (const [what, text] of texts) {
        const harm = harmIn(what, text)
        if (harm) return harm
      }
      return null
    } finally {
      rmSync(path)
    }
  }

const folded: FuzzTarget = {
  about: 'folded stacks → SVG, folded, pprof, speedscope',
  cases: 300,
  open: (folder) => ({
    generate: (random) => ({
      kind: random.pick(['samples', 'ns', 'count']),
      bytes: mutateLines(random, FOLDED, [
        'a;b 1e400',
        'a;b -5',
        'a; 0x10',
        ';;;; 1',
        ' 1',
        `${'x'.repeat(9_000)} 1`,
        `${';'.repeat(9_000)} 1`,
      ]),
    }),
    read: drawn(
      folder,
      () => 'folded',
      ({ kind }) => ({ unit: kind as StacksChoice['unit'] }),
    ),
  }),
}

const perfScript: FuzzTarget = {
  about: 'the output of perf script',
  cases: 220,
  open: (folder) => {
    const seed = readFileSync(join(samples, 'perf/pools.perf'), 'utf8').split('\n').slice(0, 300).join('\n')
    const words = [
      'comm 1/1 [000] 1.1: 1 cycles:',
      '\tffffffff8159f74a f+0x1 ([kernel.kallsyms])',
      '\t'.repeat(3_000),
      'a '.repeat(3_000),
    ]
    return {
      generate: (random) => ({ kind: 'perf', bytes: mutateLines(random, seed, words) }),
      read: drawn(folder, () => 'perf'),
    }
  },
}

const pprofBytes: FuzzTarget = {
  about: 'pprof profiles whose bytes were changed',
  cases: 220,
  open: (folder) => {
    const seeds = ['cpu', 'heap'].map((name) => gunzipSync(readFileSync(join(samples, `pprof/${name}.pb.gz`))))
    return {
      generate: (random) => {
        const bytes = mutateBytes(random, random.pick(seeds))
        const packed = random.chance(0.4) ? gzipSync(bytes, { level: 1 }) : bytes
        return { kind: 'pb', bytes: random.chance(0.1) ? mutateBytes(random, packed) : packed }
      },
      read: drawn(folder, () => 'pb'),
    }
  },
}

/** A number that the wire can hold: 0 to 2^53. */
const wireNumber = (random: Random): number =>
  random.chance(0.8) ? random.int(12) : Math.min(2 ** 53, Math.abs(Math.trunc(random.pick(NUMBERS))))

/** Fields from 1 on. */
const numbersIn = (message: MessageWriter, ...numbers: number[]): void =>
  numbers.forEach((number, at) => {
    message.number(at + 1, number)
  })

/** A message of fields as a profile has them, or nearly. */
function writeAnything(random: Random, message: MessageWriter, depth: number): void {
  for (let fields = random.int(8); fields > 0; fields--) {
    const number = 1 + random.int(15)
    const choice = random.int(4)
    if (choice === 0) message.number(number, wireNumber(random))
    else if (choice === 1) message.text(number, random.pick(TEXTS))
    else if (choice === 2)
      message.numbers(
        number,
        Array.from({ length: random.int(30) }, () => wireNumber(random)),
      )
    else if (depth < 4) message.message(number, (inner) => writeAnything(random, inner, depth + 1))
  }
}

const pprofStructures: FuzzTarget = {
  about: 'pprof profiles made of any fields',
  cases: 300,
  open: (folder) => ({
    generate: (random) => {
      const file = createMessage()
      const texts = [
        '',
        'cpu',
        'nanoseconds',
        'samples',
        'count',
        'phase',
        'main',
        random.pick(TEXTS),
        random.pick(TEXTS),
      ]
      const some = (most: number, make: () => void) => {
        for (let times = random.int(most); times > 0; times--) make()
      }
      some(4, () => file.message(1, (type) => numbersIn(type, random.int(9), random.int(9))))
      for (const text of texts) file.text(6, text)
      some(6, () => file.message(5, (made) => numbersIn(made, wireNumber(random), random.int(9), random.int(9))))
      some(8, () =>
        file.message(4, (location) => {
          location.number(1, wireNumber(random))
          location.number(3, wireNumber(random))
          some(5, () => location.message(4, (line) => line.number(1, wireNumber(random))))
        }),
      )
      some(10, () =>
        file.message(2, (sample) => {
          sample.numbers(
            1,
            Array.from({ length: random.int(random.chance(0.1) ? 3_000 : 9) }, () => wireNumber(random)),
          )
          sample.numbers(
            2,
            Array.from({ length: random.int(5) }, () => wireNumber(random)),
          )
          some(3, () => sample.message(3, (label) => numbersIn(label, random.int(9), random.int(9))))
        }),
      )
      if (random.chance(0.5)) writeAnything(random, file, 0)
      return { kind: 'pb', bytes: Buffer.from(file.bytes()) }
    },
    read: drawn(folder, () => 'pb'),
  }),
}

/** The parts of what an SVG carries: its head as JSON, and what follows. */
export function openSvg(svg: string) {
  const start = svg.indexOf('>', svg.indexOf('<profile ')) + 1
  const end = svg.indexOf('</profile>')
  const raw = inflateRawSync(Buffer.from(svg.slice(start, end), 'base64'))
  let [length, unit, at] = [0, 1, 0]
  for (let more = true; more; unit *= 128) {
    const byte = raw[at++] ?? 0
    length += (byte & 127) * unit
    more = byte > 127
  }
  const head: unknown = JSON.parse(raw.toString('utf8', at, at + length))
  return { before: svg.slice(0, start), after: svg.slice(end), head, body: raw.subarray(at + length) }
}

/** Such an SVG with another head. */
export function closeSvg({ before, after, body }: ReturnType<typeof openSvg>, head: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const packed = deflateRawSync(Buffer.concat([varint(json.length), json, body]), { level: 1 })
  return Buffer.from(before + packed.toString('base64') + after)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

const svg: FuzzTarget = {
  about: 'SVGs of ours: their file, and the head and the numbers inside',
  cases: 260,
  open: async (folder): Promise<Opened> => {
    const { profile } = parseFolded(FOLDED, { column: 'a' })
    parseFolded(FOLDED.replaceAll('f1', 'f2'), { column: 'b', into: profile })
    const columns = [
      { key: 'a', label: 'baseline', facts: 'for 10 s', divide: { by: 100, per: 'request' } },
      { key: 'b', label: 'stress', divide: { by: 200, per: 'request' } },
    ]
    const base = { title: 'Blocked', lines: ['probe off-cpu', 'host h'], columns, whole: 'what is shown' }
    const texts = [
      await flameSvg(profile, { ...base, view: { column: 'a' }, start: { search: 'f1', node: 3, unit: 'share' } }),
      await flameSvg(profile, { ...base, view: { base: 'a', candidate: 'b' } }),
    ]
    const seeds = texts.map((text) => ({ text, parts: openSvg(text) }))
    return {
      generate: (random) => {
        const { text, parts } = random.pick(seeds)
        if (random.chance(0.15)) return { kind: 'svg', bytes: mutateBytes(random, Buffer.from(text)) }
        const head = random.chance(0.8) ? mutateJson(random, parts.head) : parts.head
        const body = random.chance(0.5) ? Buffer.from(mutateBytes(random, Buffer.from(parts.body))) : parts.body
        return { kind: 'svg', bytes: closeSvg({ ...parts, body }, head) }
      },
      read: drawn(folder, () => 'svg'),
    }
  },
}

export const stackTargets = {
  folded,
  'perf-script': perfScript,
  'pprof-bytes': pprofBytes,
  'pprof-structures': pprofStructures,
  svg,
}
