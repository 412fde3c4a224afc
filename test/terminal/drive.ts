import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { saveBeside } from '../../cli/save-beside.ts'
import { openTerminal } from '../../ui/index.ts'
import { syntheticCatalog, syntheticRun } from './synthetic.ts'

/**
 * Runs the screen on an invented run, in whatever terminal it is started in.
 * `drive.ts REPORT [SECONDS [STEP_MS [STACKS]]]`: the run is SECONDS old at the start and grows by one each STEP_MS
 * (0: stands still). Each step adds a dot to REPORT, so that a test can see it live on while the terminal does not.
 */
const [report = '/dev/null', seconds = '60', stepMs = '0', stacks = '40'] = process.argv.slice(2)
// With DRIVE_RECORD the run is recorded, so that spans can be read.
const recording = process.env['DRIVE_RECORD'] ?? null
const run = syntheticRun(Number(seconds), Number(stacks), (record) => {
  if (recording) appendFileSync(recording, `${JSON.stringify(record)}\n`)
})
const listeners = new Set<() => void>()
writeFileSync(report, '')
if (process.env['DRIVE_PID']) writeFileSync(process.env['DRIVE_PID'], String(process.pid))
const timer =
  Number(stepMs) > 0
    ? setInterval(() => {
        run.second()
        appendFileSync(report, '.')
        for (const changed of listeners) changed()
      }, Number(stepMs))
    : null
if (process.env['DRIVE_CRASH'])
  process.on('SIGUSR2', () => {
    throw new Error('asked to crash')
  })

// Opens the screen only when the file is there; a closed terminal does not end it.
const gate = process.env['DRIVE_GATE']
if (gate) {
  process.on('SIGHUP', () => undefined)
  if (process.stdin.isTTY && process.stdout.isTTY) appendFileSync(report, 'ready')
  while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 10))
}

const cpu = process.cpuUsage()
const started = performance.now()
const end = await openTerminal({
  model: run.model,
  catalog: syntheticCatalog(),
  subscribe: (changed) => {
    listeners.add(changed)
    return () => listeners.delete(changed)
  },
  onQuit: () => console.log('left the screen'),
  onMark: (label) => run.model.notes.push({ tUs: run.model.nowUs, text: label, kind: 'mark' }),
  save: saveBeside(process.env['DRIVE_SAVE'] ?? null),
  mouse: process.env['DRIVE_MOUSE'] !== 'no',
  title: 'synthetic.ndjson',
  recording,
  live: true,
  leaving: process.env['DRIVE_LEAVING'],
})
if (timer) clearInterval(timer)
if (gate) appendFileSync(report, end)
const { user, system } = process.cpuUsage(cpu)
const share = ((user + system) / 10 / (performance.now() - started)).toFixed(1)
console.log(`cpu ${share} % of a core, rss ${Math.round(process.memoryUsage.rss() / 1024 ** 2)} MiB`)
