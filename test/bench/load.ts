import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { type GeneratorOptions, type LoadSlice, startGenerator } from '../../audit/load/generator.ts'
import { sumHdr } from '../../audit/load/hdr.ts'
import { runTool, tools } from './load-tools.ts'
import { delay } from './processes.ts'
import type { Report } from './report.ts'
import { spreadOf } from './statistics.ts'
import { placement, startEpollServer } from './targets.ts'

interface LoadPlan {
  folder: string
  quick: boolean
  rounds: number
}

/** What the built-in generator costs and how well it keeps time, beside the tools that this machine has. */
export async function measureLoad(report: Report, plan: LoadPlan): Promise<void> {
  await measureCosts(report, plan)
  await measurePunctuality(report, plan)
  await measurePace(report, plan.quick ? 2_000 : 10_000)
  await measureOmission(report, plan.folder)
}

/** Rounds in turn, so that what else the machine does meets all alike. */
async function measureCosts(report: Report, { folder, quick, rounds }: LoadPlan): Promise<void> {
  const seconds = quick ? 1 : 3
  report.section(
    'Load: CPU per request of who sends it',
    `50 kept connections to the C server, target and generator on a CPU each; the tools as fast as they can for ${seconds} s`,
  )
  const target = await startEpollServer(folder)
  const built = { url: target.url, cpus: String(placement.generator) }
  const costs = new Map<string, { cpuUs: number[]; ratios: number[]; rps: number[] }>()
  const note = (name: string, cpuUs: number, wrkUs: number | null, rps: number) => {
    const row = costs.get(name) ?? { cpuUs: [], ratios: [], rps: [] }
    costs.set(name, row)
    row.cpuUs.push(cpuUs)
    row.rps.push(rps)
    if (wrkUs !== null) row.ratios.push(cpuUs / wrkUs)
  }
  try {
    for (let round = 0; round < rounds; round++) {
      let wrkUs: number | null = null
      for (const tool of tools) {
        if (!tool.file) continue
        const { cpuUs, requests } = await runTool(tool, target.url, seconds)
        if (tool.name === 'wrk') wrkUs = cpuUs
        note(tool.name, cpuUs, wrkUs, requests / seconds)
      }
      for (const [name, rps] of [
        ['built-in, as fast as it can', 60_000],
        ['built-in, 20 000/s', 20_000],
        ['built-in, 5 000/s', 5_000],
      ] as const) {
        const { cpuUs, sentRps } = await drive(
          { ...built, maxQueue: 1_000_000, timeoutMs: 60_000 },
          rps,
          seconds * 1000,
        )
        note(name, cpuUs, wrkUs, sentRps)
      }
    }
  } finally {
    await target.stop()
  }
  for (const { name, file } of tools) if (!file) report.missing(name, 'not on this machine')
  for (const [what, { cpuUs, ratios, rps }] of [...costs].sort(([, a], [, b]) => mid(a.cpuUs) - mid(b.cpuUs))) {
    report.figure({ what, figure: 'CPU per request', unit: 'us', ...spreadOf(cpuUs) })
    if (ratios.length > 0) report.figure({ what, figure: 'times wrk', unit: '', ...spreadOf(ratios) })
    report.figure({ what, figure: 'requests', unit: '/s', ...spreadOf(rps) })
  }
  report.end()
}

/** How late requests leave through the generator's own fault. */
async function measurePunctuality(report: Report, { folder, quick, rounds }: LoadPlan): Promise<void> {
  const durationMs = quick ? 1_000 : 3_000
  report.section(
    'Load: lateness of the generator',
    `built-in to the C server, ${durationMs / 1000} s each, one process`,
  )
  for (const [place, targetCpus, cpus] of [
    ['a CPU each', String(placement.target), String(placement.generator)],
    ['CPUs shared', [...new Set(Object.values(placement))].join(','), null],
  ] as const) {
    const target = await startEpollServer(folder, targetCpus)
    try {
      for (const rps of [5_000, 20_000]) {
        const lags = []
        for (let round = 0; round < rounds; round++)
          lags.push((await drive({ url: target.url, cpus }, rps, durationMs)).lag)
        const what = `${rps}/s, ${place}`
        report.figure({ what, figure: 'send lag p50', unit: 'ms', ...spreadOf(lags.map(({ p50 }) => p50 ?? 0)) })
        report.figure({ what, figure: 'send lag p99', unit: 'ms', ...spreadOf(lags.map(({ p99 }) => p99 ?? 0)) })
      }
    } finally {
      await target.stop()
    }
  }
  report.end()
}

/** One generator, a second of warm-up that is thrown away, one phase. */
async function drive(options: GeneratorOptions, rps: number, durationMs: number) {
  const slices: LoadSlice[] = []
  const generator = await startGenerator({ ...options, onSlice: (slice) => slices.push(slice) })
  try {
    await generator.warmUp()
    const warm = { fromRps: Math.min(rps, 5000), toRps: Math.min(rps, 5000), durationMs: 1000 }
    await (await generator.runPhase({ id: 1, rates: warm, discard: true })).drained
    const startMs = performance.now()
    const { drained } = await generator.runPhase({ id: 2, rates: { fromRps: rps, toRps: rps, durationMs } })
    const { sent } = await drained
    const tookMs = performance.now() - startMs
    const cpuUs = slices.reduce((sum, slice) => sum + (slice.generator_cpu_us ?? 0), 0)
    return {
      // The echo of a phase is not attributed, so CPU is related to what was sent within it.
      cpuUs: cpuUs / slices.filter(({ target_rps }) => target_rps !== 0).reduce((sum, slice) => sum + slice.sent, 0),
      sentRps: (sent * 1000) / tookMs,
      lag: latency(slices, 'send_lag'),
      response: latency(slices, 'response'),
    }
  } finally {
    await generator.stop()
  }
}

const latency = (slices: readonly LoadSlice[], key: keyof LoadSlice['hist']) =>
  sumHdr(slices.map(({ hist }) => hist[key] ?? '')).percentiles()

const mid = (values: readonly number[]): number => spreadOf(values).median

/** Whether the load is even: arrivals in slots of 50 ms, counted by the target itself. */
async function measurePace(report: Report, durationMs: number): Promise<void> {
  const rps = 5_000
  report.section('Load: pace', `${rps}/s for ${durationMs / 1000} s: arrivals at the target in slots of 50 ms`)
  const target = await startCounter()
  const generator = await startGenerator({ url: target.url })
  try {
    await generator.warmUp()
    const rates = { fromRps: rps, toRps: rps }
    await (await generator.runPhase({ id: 1, rates: { ...rates, durationMs: 1000 }, discard: true })).drained
    const { startNs, drained } = await generator.runPhase({ id: 2, rates: { ...rates, durationMs } })
    await drained
    const startMs = Number(startNs / 1_000_000n)
    const slots = Array.from({ length: durationMs / 50 }, () => 0)
    for (const [ms, count] of await target.arrivals()) {
      const slot = Math.floor((ms - startMs) / 50)
      if (slot >= 0 && slot < slots.length) slots[slot] = (slots[slot] ?? 0) + count
    }
    const due = (rps * 50) / 1000
    const even = slots.filter((count) => Math.abs(count - due) <= due / 10).length / slots.length
    const inSlot = slots.reduce((sum, count) => sum + Math.min(count, due), 0) / (due * slots.length)
    // In the order they came: the n-th of the phase was due after n intervals. A slot's edge is a tenth of it wide.
    let close = 0
    let n = 0
    for (const [ms, count] of await target.arrivals())
      for (let i = 0; ms >= startMs && i < count; i++, n++) {
        const beginsMs = startMs + 50 * Math.floor((n * 1000) / rps / 50)
        if (ms >= beginsMs - 5 && ms < beginsMs + 55) close++
      }
    const one = (value: number) => spreadOf([value])
    report.figure({ what: 'requests', figure: 'sent in their slot', unit: '%', ...one(inSlot * 100) })
    report.figure({ what: 'requests', figure: 'sent in their slot +- 5 ms', unit: '%', ...one((100 * close) / n) })
    report.figure({ what: 'slots', figure: 'within 10 % of 250', unit: '%', ...one(even * 100) })
  } finally {
    await generator.stop()
    target.stop()
  }
  report.end()
}

/** 1000/s for 8 s, the target stopped for 1.0 s: in truth p90 is 220 ms and p99 925. */
async function measureOmission(report: Report, folder: string): Promise<void> {
  report.section(
    'Load: coordinated omission',
    '1000/s for 8 s, the target stands still for 1.0 s; the truth is p90 220 ms, p99 925 ms',
  )
  for (const connections of [50, 1200]) {
    // The C server catches up fastest: what it had missed is answered in some 30 ms.
    const target = await startEpollServer(folder)
    const stopped = delay(5_500).then(async () => {
      process.kill(target.pid, 'SIGSTOP')
      await delay(1000)
      process.kill(target.pid, 'SIGCONT')
    })
    try {
      const { response } = await drive({ url: target.url, connections }, 1000, 8000)
      await stopped
      const what = `${connections} connections`
      for (const key of ['p50', 'p90', 'p99'] as const)
        report.figure({ what, figure: `response ${key}`, unit: 'ms', ...spreadOf([response[key] ?? 0]) })
    } finally {
      await target.stop()
    }
  }
  report.end()
}

/** A server that counts arrivals by the millisecond. */
async function startCounter() {
  const source = `
    const arrivals = new Map()
    const server = require('node:http').createServer((request, response) => {
      if (request.url === '/arrivals') return response.end(JSON.stringify([...arrivals]))
      const ms = Math.floor(Number(process.hrtime.bigint()) / 1e6)
      arrivals.set(ms, (arrivals.get(ms) ?? 0) + 1)
      response.end('ok')
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))
    process.stdin.on('end', () => process.exit()).resume()`
  const child = spawn(process.execPath, ['--eval', source], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  const url = `http://127.0.0.1:${port}/`
  return {
    url,
    pid: child.pid ?? 0,
    arrivals: async () =>
      z.array(z.tuple([z.number(), z.number()])).parse(await (await fetch(`${url}arrivals`)).json()),
    stop: () => void child.kill('SIGKILL'),
  }
}
