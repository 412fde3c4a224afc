import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { profileOf, type RunModel, readSpan } from '../../audit/index.ts'
import { openRecording } from '../../cli/load-recording.ts'
import { loadCatalog, type Probe } from '../../probes/index.ts'
import { createScreen, type Screen } from '../../ui/terminal/screen.ts'
import { writeLongRecording } from './long-recording.ts'

/**
 * How long a reader waits for the recording of a long audit: `node test/bench/replay.ts [ROUNDS [FILE]]`. The standard
 * preset with its four hours of soak, made up (test/bench/long-recording.ts) and compressed as an audit leaves it; or a
 * FILE. "opened" is up to the first frame of 200x50, which shows what has been read; "all read" follows while keys are
 * answered; "span" is what a brushed minute takes. CPU is the process's own: a busy machine changes the clock more than
 * it. Each round is a process of its own, as a command is.
 */
const [rounds = '3', given, role] = process.argv.slice(2)
if (role === 'once' && given) await measure(given)
else await compare()

async function compare(): Promise<void> {
  const { execFileSync } = await import('node:child_process')
  const folder = await mkdtemp(join(tmpdir(), 'probe-bench-'))
  const path = given ?? join(folder, 'run.ndjson.gz')
  try {
    if (!existsSync(path)) {
      const records = await writeLongRecording(path, await loadCatalog())
      console.log(`${records} records, ${((await stat(path)).size / 1e6).toFixed(1)} MB`)
    }
    for (let round = 0; round < Number(rounds); round++)
      process.stdout.write(execFileSync(process.execPath, [import.meta.filename, '1', path, 'once']))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function measure(path: string): Promise<void> {
  const catalog = await loadCatalog()
  const signal = new AbortController().signal
  const opened = await timed(async () => {
    const recording = await openRecording(path, catalog, { signal, onRecord: () => undefined })
    return { recording, screen: screenOn(recording.model, catalog, path) }
  })
  const { recording, screen } = opened.result
  const read = await timed(() => recording.done)
  const frame = await timed(async () => screen.repaint())
  screen.close()
  if (recording.model.skipped > 0)
    console.log(`${recording.model.skipped} lines unread: the made-up data are out of date`)
  const rss = Math.round(process.memoryUsage.rss() / 1024 ** 2)
  const middleUs = recording.model.nowUs / 2
  const minute = { id: -1, name: 'A', fromUs: middleUs, toUs: middleUs + 60e6 }
  const span = await timed(() => readSpan(path, catalog, minute))
  console.log(
    `opened ${opened.text}   all read ${read.text}   frame of all ${frame.text}   rss ${rss} MiB   span ${span.text}`,
  )
}

/** A screen of 200x50 on a terminal that swallows everything, its first frame painted. */
function screenOn(model: RunModel, catalog: ReadonlyMap<string, Probe>, title: string): Screen {
  const terminal = {
    ...{ columns: 200, rows: 50, writableNeedDrain: false, once: () => undefined, write: () => undefined },
  }
  const shown = { model, catalog, profileOf, title, live: false, sgr: () => '', terminal, onEffect: () => undefined }
  const screen = createScreen(shown)
  screen.committed(screen.chrome().layout)
  screen.framed()
  return screen
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; text: string }> {
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  const text = `${((performance.now() - startedMs) / 1000).toFixed(2)} s (CPU ${((user + system) / 1e6).toFixed(2)} s)`
  return { result, text }
}
