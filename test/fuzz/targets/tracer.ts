import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readLine } from '../../../probes/engine/decode.ts'
import { parseTolerant, unescapeText } from '../../../probes/engine/json.ts'
import { nameStack, parseFrames } from '../../../probes/symbols/frames.ts'
import { mutateLines } from '../mutate.ts'
import { type FuzzTarget, harmIn } from '../target.ts'

const samples = join(import.meta.dirname, '../../../fixtures/samples/bpftrace')

const tracer: FuzzTarget = {
  about: "the tracer's output: lines of JSON",
  cases: 400,
  open: () => {
    const seeds = ['0.17.0', '0.23.2'].map((version) =>
      readFileSync(join(samples, `${version}.ndjson`), 'utf8')
        .split('\n')
        .slice(0, 150)
        .join('\n'),
    )
    const words = [
      '{"type": "map", "data": {"@x_a": {"a": 1, "a": 2}}}',
      '{'.repeat(5_000),
      '['.repeat(20_000),
      '"\\x41\\xff"',
      '{"type":"printf","data":"CUT 1 2 3\\n"}',
      '\\x',
    ]
    return {
      generate: (random) => ({ kind: 'ndjson', bytes: mutateLines(random, random.pick(seeds), words) }),
      read: ({ bytes }) => {
        for (const line of bytes.toString().split('\n')) {
          readLine(line)
          unescapeText(line)
          try {
            parseTolerant(line)
          } catch (error) {
            // It says what is wrong with the text; that it goes on for ever, or falls over, is something else.
            if (error instanceof RangeError) return `parseTolerant: ${error.message}`
          }
        }
        return null
      },
    }
  },
}

const frames: FuzzTarget = {
  about: 'stacks as the tracer prints them',
  cases: 500,
  open: () => {
    const seed = [
      '\tffffffff8159f74a do_x+10 ([kernel.kallsyms])',
      '\t7f0011223344 main+0x10 (/usr/bin/x)',
      '\t55d0 [unknown] (/tmp/a b (deleted))',
      'foo+1',
      '0x7f00',
    ].join('\n')
    const words = [
      ' (/'.repeat(5_000),
      ' ([',
      `+0x${'f'.repeat(9_000)}`,
      '('.repeat(9_000),
      '+1'.repeat(9_000),
      `55d0 ${' (/a'.repeat(9_000)}`,
    ]
    return {
      generate: (random) => ({ kind: 'txt', bytes: mutateLines(random, seed, words) }),
      read: ({ bytes }) => {
        const read = parseFrames(bytes.toString())
        return harmIn('a name', nameStack(read, read, () => null).join('\n'))
      },
    }
  },
}

export const tracerTargets = { tracer, frames }
