import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { measureBoxes } from './boxes.ts'
import { writeStacks } from './stacks.ts'
import { spreadOf } from './statistics.ts'

/**
 * What folding, layout and the SVG cost: `node test/bench/fold.ts [LINES] [ROUNDS]`, after `npm run build`. The stream
 * repeats ~30 000 distinct stacks (780 bytes a line), as a sampled profile does; `all different` is the worst case for
 * every cache. Ways to fold take turns, each in a process of its own: ours, the plain one (fold-once.mjs), and those that
 * draw as well: our command, and flamegraph.pl where FLAMEGRAPH or the PATH has it.
 */
const [lines = '100000', rounds = '3'] = process.argv.slice(2)

const root = resolve(import.meta.dirname, '../..')
/** Of stacks that are all different the plain way would need gigabytes for more. */
const MOST_DIFFERENT = 100_000
const DISTINCT = 29_734
const POLL_MS = 20

interface Run {
  ms: number
  mib: number
  about: string
}

if (!existsSync(join(root, 'dist/audit/profile/folded.js'))) {
  console.error('error: what is measured is what is built, and nothing is\n  fix: npm run build   (exit 3)')
  process.exit(3)
}
const folder = await mkdtemp(join(tmpdir(), 'probe-fold-'))
try {
  for (const kind of ['sampled', 'all different'] as const) {
    const count = kind === 'sampled' ? Number(lines) : Math.min(Number(lines), MOST_DIFFERENT)
    const path = join(folder, 'stacks.folded')
    await writeStacks(path, count, kind === 'sampled' ? Math.min(DISTINCT, count) : count)
    console.log(`${kind}: ${count} lines, ${((await stat(path)).size / 1e6).toFixed(0)} MB, ${rounds} rounds`)
    await compare(path, count)
    await measureBoxes(path, (line) => console.log(`  ${line}`))
  }
} finally {
  await rm(folder, { recursive: true })
}

async function compare(path: string, count: number): Promise<void> {
  const svg = join(folder, 'out.svg')
  const perl = flamegraphPl()
  const fold = (way: string) => async (): Promise<Run> => {
    const { output } = await run(process.execPath, [join(import.meta.dirname, 'fold-once.mjs'), way, path])
    const [ms = 0, mib = 0, about = ''] = JSON.parse(output) as [number, number, string]
    return { ms, mib, about }
  }
  const drawn = async (...command: [string, string[]]): Promise<Run> => ({
    ...(await run(...command)),
    about: 'with SVG',
  })
  const ways: [string, () => Promise<Run>][] = [
    ['nothing', fold('nothing')],
    ['ours', fold('ours')],
    ['plain', fold('plain')],
    ['probe flame', () => drawn('/bin/sh', [join(root, 'cli/bin.sh'), 'flame', path, '-o', svg])],
    ...(perl ? [['flamegraph.pl', () => drawn(perl, ['--hash', path])] satisfies [string, () => Promise<Run>]] : []),
  ]
  const runs = new Map<string, Run[]>(ways.map(([name]) => [name, []]))
  for (let round = 0; round < Number(rounds); round++)
    for (const [name, once] of ways) runs.get(name)?.push(await once())
  for (const [name, all] of runs) {
    const ms = spreadOf(all.map((one) => one.ms))
    const mib = spreadOf(all.map((one) => one.mib))
    console.log(
      `  ${name.padEnd(13)} ${ms.median.toFixed(0)} ms (${ms.min.toFixed(0)}..${ms.max.toFixed(0)}), ` +
        `${((ms.median * 1e6) / count).toFixed(0)} ns/line, peak ${mib.median.toFixed(0)} MiB (max ${mib.max.toFixed(0)}); ${all[0]?.about}`,
    )
  }
  if (!perl) console.log('  flamegraph.pl not present')
}

function flamegraphPl(): string | undefined {
  const named = process.env['FLAMEGRAPH']
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'flamegraph.pl'))
  return [...(named ? [named] : []), ...onPath].find((file) => existsSync(file))
}

/** Runs a command to its end. Memory is the greatest that the kernel had noted when it was last asked, before the end. */
function run(command: string, args: string[]): Promise<Run & { output: string }> {
  const started = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let mib = 0
  const poll = setInterval(() => {
    mib = Math.max(mib, peakMib(child.pid))
  }, POLL_MS)
  // Only what is short is kept: flamegraph.pl prints its picture.
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output.length < 4096) output += text
  })
  return new Promise((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => {
      clearInterval(poll)
      if (code === 0) done({ ms: performance.now() - started, mib, about: '', output })
      else fail(new Error(`${command} ${args.join(' ')} ended with ${code}`))
    })
  })
}

function peakMib(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s*(\d+)/)?.[1] ?? 0) / 1024
  } catch {
    // It has just ended.
    return 0
  }
}
