import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Decoded, Probe } from '../../../probes/define.ts'
import { readLine, type TracerLine } from '../../../probes/engine/decode.ts'
import type { DecodeContext, KeyValue, RawFrame, WindowFrame } from '../../../probes/engine/frame.ts'
import type { Tolerant } from '../../../probes/engine/json.ts'
import { nameStack } from '../../../probes/symbols/frames.ts'

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

type Key = KeyValue | string[]
/** Maps of a frame by name: key and value of each row, and how many values made it (stats) where that is not one. */
export type RowsByMap = Record<string, readonly (readonly [key: readonly Key[], value: number, count?: number])[]>
/** Open-wait maps by name. */
export type OpenByMap = Record<string, readonly (readonly [key: readonly number[], value: number | string[]])[]>

const stackOf = (value: Key): KeyValue =>
  Array.isArray(value) ? value.map((f) => (typeof f === 'string' ? frame(f) : f)) : value

/** What the tracer brought between two cuts, made by hand. Stacks are lists of names, leaf first. */
export function windowOf(
  rows: RowsByMap,
  options: { startNs?: number; endNs?: number; open?: OpenByMap | null; withStacks?: boolean } = {},
): WindowFrame {
  const { open = null } = options
  return {
    startNs: options.startNs ?? 0,
    endNs: options.endNs ?? 1e9,
    withStacks: options.withStacks ?? true,
    rows: ({ name }) =>
      (rows[name] ?? []).map(([key, value, count]) => ({ key: key.map(stackOf), value, count: count ?? 1 })),
    open: ({ name }) =>
      open &&
      (open[name] ?? []).map(([key, value]) => ({
        key,
        value: typeof value === 'number' ? value : value.map((one) => frame(one)),
      })),
  }
}

export const contextOf = <Params = unknown>(
  changes: Partial<DecodeContext<Params>> & { params: Params },
): DecodeContext<Params> => ({
  phaseStartNs: 0,
  ports: new Set([8080]),
  connections: new Set(),
  isQueued: () => true,
  acceptsByRing: false,
  counters: null,
  sleepers: [],
  sleptAtStart: [],
  syscallName: (id) => `call_${id}`,
  errnoName: (errno) => `E${errno}`,
  dataName: () => null,
  processName: (pid) => `process ${pid}`,
  names: (user, kernel) => nameStack(user, kernel, () => null),
  ...changes,
})

/** Decodes with a variant of a probe, and checks that its own record schema takes the result. */
export function decodeWith<Params, Data>(
  probe: Probe<Params, Data>,
  variant: string,
  window: WindowFrame,
  context: Partial<DecodeContext<Params>> = {},
): Decoded<Data> {
  const found = probe.variants.find(({ name }) => name === variant)
  if (!found) throw new Error(`${probe.name} has no variant ${variant}`)
  const decoded = found.decode(window, contextOf({ params: probe.params.parse({}), ...context }))
  expect(probe.record.parse(decoded.data)).toEqual(decoded.data)
  return decoded
}
