import { readFileSync } from 'node:fs'
import { readLine, type TracerLine } from '../../../probes/engine/decode.ts'
import type { RawFrame } from '../../../probes/engine/frame.ts'
import type { Tolerant } from '../../../probes/engine/json.ts'

export type SampleVersion = '0.17.0' | '0.23.2'

/**
 * What a tracer of that version really printed, cut three times (phases 1, 1, 2, with stacks), while three threads of a
 * C++ program took turns with a mutex in a function named with bytes above 0x7f.
 */
export function tracerSample(version: SampleVersion): TracerLine[] {
  const file = new URL(`../../../fixtures/samples/bpftrace/${version}.ndjson`, import.meta.url)
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => readLine(line) ?? [])
}

/** Every printing of one map, in order. */
export const printed = (lines: readonly TracerLine[], name: string): Tolerant[] =>
  lines.flatMap((line) => (line.type === 'map' && line.name === name ? [line.data] : []))

/** A frame by its symbol, or by its address where it starts with 0x. */
export const frame = (name: string, module: string | null = null): RawFrame =>
  name.startsWith('0x') ? { address: name.slice(2), symbol: null, module } : { address: null, symbol: name, module }
