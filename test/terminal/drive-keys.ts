import { appendFileSync, writeFileSync } from 'node:fs'
import { saveBeside } from '../../cli/save-beside.ts'
import { openTerminal } from '../../ui/index.ts'
import { syntheticCatalog, syntheticRun } from './synthetic.ts'

/**
 * Opens the screen on an invented run, a fresh one at each SIGUSR2, so that keys are tried from a known state without a
 * process for each of them. `drive-keys.ts FOLDER [RECORDING]`: what is exported goes to FOLDER; spans are read from
 * RECORDING, by default one of this run. The round is the title of the screen; `left round N` is said when the reader left.
 */
const [folder = '.', recording = `${folder}/run.ndjson`] = process.argv.slice(2)
const isOwn = process.argv.length < 4
const run = syntheticRun(60, 40, (record) => {
  if (isOwn) appendFileSync(recording, `${JSON.stringify(record)}\n`)
})
const notes = [...run.model.notes]
writeFileSync(`${folder}/pid`, String(process.pid))

let next: () => void = () => undefined
process.on('SIGUSR2', () => next())
// Between two screens nothing else keeps the process.
setInterval(() => undefined, 1000)
// Each screen listens to how the terminal ends, and for ever.
process.stdin.setMaxListeners(0)
process.stdout.setMaxListeners(0)

for (let round = 1; ; round++) {
  const closing = new AbortController()
  const asked = new Promise<void>((resolve) => {
    next = () => {
      closing.abort()
      resolve()
    }
  })
  run.model.notes.splice(0, Number.POSITIVE_INFINITY, ...notes)
  const listeners = new Set<() => void>()
  await openTerminal({
    model: run.model,
    catalog: syntheticCatalog(),
    subscribe: (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    onQuit: () => (closing.signal.aborted ? undefined : console.log(`left round ${round}`)),
    onMark: (label) => {
      run.model.notes.push({ tUs: run.model.nowUs, text: label, kind: 'mark' })
      for (const changed of listeners) changed()
    },
    save: saveBeside(recording),
    mouse: true,
    title: `round-${round}`,
    recording,
    // A terminal is asked for its colours once, by the first screen.
    looks: { theme: 'dark', ascii: false, screenReader: false },
    live: true,
    signal: closing.signal,
  })
  await asked
}
