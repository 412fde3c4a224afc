import { writeFileSync } from 'node:fs'
import { applyRecord, profileOf, type StackRow } from '../../audit/index.ts'
import { openTerminal } from '../../ui/index.ts'
import { syntheticCatalog, syntheticRun } from '../terminal/synthetic.ts'

/**
 * The screen on an invented run as dear as a real one: every second the windows and stacks of a second, and ten times a
 * second a record, so that each frame must be made anew. Stacks of forty thousand nodes come every five seconds, as from the recorder. `terminal-drive.ts REPORT live|still`.
 */
const [report = '/dev/null', mode = 'live'] = process.argv.slice(2)
const run = syntheticRun(60)
const DEPTH = 20
/** callers branch in two until there are this many */
const WIDEST = 4096
const firstFrame = run.model.frames.length
const names: string[] = []
const stacks = Array.from({ length: WIDEST }, (_, i) =>
  Array.from({ length: DEPTH }, (_, depth) => {
    const id = (1 << Math.min(depth, 12)) - 1 + (i % Math.min(2 ** depth, WIDEST)) + Math.max(0, depth - 12) * WIDEST
    names[id] = `some_function_at_${depth}_${id}`
    return firstFrame + id
  }),
)
applyRecord(run.model, { type: 'frames', from: firstFrame, names })
let round = 0
const growStacks = () => {
  round++
  const rows = stacks.map((frames, i): StackRow => [1e6 * (1 + ((i + round) % 7)), 1, frames, { state: 'blocked' }])
  const span = { phase: run.model.current?.id ?? 0, start_us: run.model.nowUs - 1e6, end_us: run.model.nowUs }
  applyRecord(run.model, { type: 'stacks', probe: 'stalls', unit: 'ns', ...span, rows })
}
growStacks()
const listeners = new Set<() => void>()
const written = { bytes: 0, writes: 0 }
const write = process.stdout.write.bind(process.stdout)
process.stdout.write = ((bytes: string | Uint8Array, ...rest: []) => {
  written.bytes += bytes.length
  written.writes++
  return write(bytes, ...rest)
}) as typeof process.stdout.write

let ticks = 0
const timer =
  mode === 'live'
    ? setInterval(() => {
        if (++ticks % 10 === 0) run.second()
        else if (ticks % 50 === 25) growStacks()
        else applyRecord(run.model, { type: 'mark', t_us: run.model.nowUs, text: '' })
        for (const changed of listeners) changed()
      }, 100)
    : null
const tell = () =>
  writeFileSync(report, JSON.stringify({ ...written, nodes: profileOf(run.model, 'stalls', 'blocked')?.size ?? 0 }))
// Asked how it stands: the bench reads two reports, and what lies between.
process.on('SIGUSR2', tell)
await openTerminal({
  model: run.model,
  catalog: syntheticCatalog(),
  subscribe: (changed) => {
    listeners.add(changed)
    return () => listeners.delete(changed)
  },
  onQuit: () => undefined,
  title: 'synthetic.ndjson',
  live: true,
})
if (timer) clearInterval(timer)
