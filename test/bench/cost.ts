import { type Generator, startGenerator } from '../../audit/load/generator.ts'
import { readSchedCpuNs } from '../../probes/index.ts'
import type { Report } from './report.ts'
import { spreadOf } from './statistics.ts'
import { placement, type Target } from './targets.ts'
import { lackOf, type Tracer } from './tracers.ts'

export interface CostPlan {
  target: Target
  tracers: readonly Tracer[]
  /** how often each tracer is attached */
  rounds: number
  /** length of one measurement */
  slotMs: number
  /** no round begins after this (performance.now()), but the first always does */
  untilMs: number
}

const CONNECTIONS = 16

/**
 * Server CPU per request with a tracer attached over that without, at a fixed open-loop rate. Untraced and traced
 * measurements alternate, and each traced one is compared with the untraced ones just before and after it: a machine
 * that grows slower meanwhile slows both.
 */
export async function measureCost(
  report: Report,
  { target, tracers, rounds, slotMs, untilMs }: CostPlan,
): Promise<void> {
  report.section(
    `Server CPU per request: ${target.name}`,
    `${target.rps} requests/s, ${CONNECTIONS} keep-alive connections, slots of ${slotMs / 1000} s, untraced and traced in turn`,
  )
  const load = await startGenerator({
    url: target.url,
    connections: CONNECTIONS,
    cpus: String(placement.generator),
  })
  await load.warmUp()
  try {
    const able = tracers.filter((tracer) => lackOf(tracer) === undefined)
    for (const tracer of tracers) {
      const lack = lackOf(tracer)
      if (lack) report.missing(tracer.name, `no ${lack}`)
    }
    await cpuPerRequestUs(load, target, slotMs) // warms up caches and compilers
    const ratios = new Map<string, number[]>()
    const untraced = [await cpuPerRequestUs(load, target, slotMs)]
    for (let round = 0; round < rounds && (round === 0 || performance.now() < untilMs); round++)
      for (const tracer of able) {
        const running = await tracer.start(target.pid).catch((error: Error) => error)
        if (running instanceof Error) {
          report.missing(tracer.name, running.message.split('\n')[0] ?? '')
          continue
        }
        const traced = await cpuPerRequestUs(load, target, slotMs)
        await running.stop()
        const before = untraced.at(-1) ?? traced
        const after = await cpuPerRequestUs(load, target, slotMs)
        untraced.push(after)
        ratios.set(tracer.name, [...(ratios.get(tracer.name) ?? []), (2 * traced) / (before + after)])
      }
    report.figure({ what: 'untraced', figure: 'CPU per request', unit: 'us', ...spreadOf(untraced) })
    for (const [name, values] of ratios)
      report.figure({ what: name, figure: 'traced / untraced', unit: 'x', ...spreadOf(values) })
  } finally {
    await load.stop()
    report.end()
  }
}

let phases = 0

/** Runs the load for a slot; CPU time of the server from before its first request to after its last answer. */
async function cpuPerRequestUs(load: Generator, target: Target, slotMs: number): Promise<number> {
  const before = readSchedCpuNs(target.pid)
  const rates = { fromRps: target.rps, toRps: target.rps, durationMs: slotMs }
  const { done } = await (await load.runPhase({ id: ++phases, rates, discard: true })).drained
  const after = readSchedCpuNs(target.pid)
  if (before === null || after === null) throw new Error(`the ${target.name} target is gone`)
  return (after - before) / done / 1000
}
