import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { profileOf, readSpan } from '../../audit/index.ts'
import { loadRecording } from '../../cli/load-recording.ts'
import { loadCatalog } from '../../probes/index.ts'
import { createScreen } from '../../ui/terminal/screen.ts'
import { writeLongRecording } from './long-recording.ts'

/**
 * How long a reader waits for the recording of a long audit: `node test/bench/replay.ts [ROUNDS [FILE]]`. The standard
 * preset with its four hours of soak, made up (test/bench/long-recording.ts) and compressed as an audit leaves it; or a
 * FILE. "first frame" is reading, adding up and painting all of 200x50; "span" is what a brushed minute takes. CPU is the
 * process's own: a busy machine changes the clock, not it. Each round is a process of its own, as a command is.
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
  const read = await timed(() => loadRecording(path, catalog))
  const { model } = read.result
  let bytes = 0
  const frame = await timed(async () => {
    const terminal = {
      ...{ columns: 200, rows: 50, writableNeedDrain: false, once: () => undefined },
      write: (text: string) => {
        bytes += text.length
      },
    }
    const shown = {
      model,
      catalog,
      profileOf,
      title: path,
      live: false,
      sgr: () => '',
      terminal,
      onEffect: () => undefined,
    }
    const screen = createScreen(shown)
    screen.committed(screen.chrome().layout)
    screen.framed()
    screen.close()
  })
  const rss = Math.round(process.memoryUsage.rss() / 1024 ** 2)
  const middleUs = model.nowUs / 2
  const span = await timed(() =>
    readSpan(path, catalog, { id: -1, name: 'A', fromUs: middleUs, toUs: middleUs + 60e6 }),
  )
  console.log(`read ${read.text}   first frame ${frame.text}, ${bytes} bytes   rss ${rss} MiB   span ${span.text}`)
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; text: string }> {
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  const text = `${((performance.now() - startedMs) / 1000).toFixed(2)} s (CPU ${((user + system) / 1e6).toFixed(2)} s)`
  return { result, text }
}
