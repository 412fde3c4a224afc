import { execFileSync, spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readFolded } from '../../audit/profile/folded.ts'
import { flameSvg } from '../../ui/flame/svg.ts'
import { spreadOf } from './statistics.ts'

/**
 * What folding, layout and the SVG cost: `node test/bench/fold.ts [LINES] [ROUNDS]`. The stream repeats ~30 000 distinct
 * stacks of depth ~40 (780 bytes a line), as a sampled profile does; `all different` is the worst case for every cache.
 * Ways to fold take turns, each in a process of its own: ours, the plain one (a Map of children in each node, lines cut by
 * readline), and flamegraph.pl where it is installed, which draws as well.
 */
const WAYS: Record<string, (path: string) => Promise<string>> = { ours, plain }

const WORDS = [
  'tcp',
  'sendmsg',
  'epoll',
  'dispatch',
  'http',
  'parser',
  'queue',
  'alloc',
  'socket',
  'handler',
  'futex',
  'wait',
  'read',
  'cache',
  'tree',
]

const [mode = '100000', way = '', file = ''] = process.argv.slice(2)
if (mode === '--fold') await foldAlone(way, file)
else await compare(Number(mode), Number(way || 3))

/** Of stacks that are all different the plain way would need gigabytes for more. */
const MOST_DIFFERENT = 100_000

async function compare(asked: number, rounds: number): Promise<void> {
  const path = join(tmpdir(), `probe-fold-${process.pid}.txt`)
  try {
    for (const kind of ['sampled', 'all different'] as const) {
      const lineCount = kind === 'sampled' ? asked : Math.min(asked, MOST_DIFFERENT)
      await generate(path, lineCount, kind === 'sampled' ? Math.min(29_734, lineCount) : lineCount)
      const megabytes = ((await stat(path)).size / 1e6).toFixed(0)
      console.log(`${kind}: ${lineCount} lines, ${megabytes} MB, ${rounds} rounds`)
      const results = new Map<string, { ms: number; mib: number; about: string }[]>()
      for (let round = 0; round < rounds; round++)
        for (const name of Object.keys(WAYS)) {
          const line = execFileSync(process.execPath, [import.meta.filename, '--fold', name, path], {
            encoding: 'utf8',
          })
          const [ms = 0, mib = 0, about = ''] = JSON.parse(line) as [number, number, string]
          results.set(name, [...(results.get(name) ?? []), { ms, mib, about }])
        }
      for (const [name, runs] of results) {
        const ms = spreadOf(runs.map((run) => run.ms))
        const mib = spreadOf(runs.map((run) => run.mib))
        console.log(
          `  ${name.padEnd(6)} ${ms.median.toFixed(0)} ms (${ms.min.toFixed(0)}..${ms.max.toFixed(0)}), ` +
            `${((ms.median * 1e6) / lineCount).toFixed(0)} ns/line, peak ${mib.median.toFixed(0)} MiB; ${runs[0]?.about}`,
        )
      }
      againstFlamegraphPl(path)
      await drawOnce(path)
    }
  } finally {
    await rm(path, { force: true })
  }
}

/** One way, in a process of its own: milliseconds, peak MiB beyond what the process had before, what came out. */
async function foldAlone(name: string, path: string): Promise<void> {
  const started = performance.now()
  const about = (await WAYS[name]?.(path)) ?? 'no such way'
  const ms = performance.now() - started
  console.log(JSON.stringify([ms, process.resourceUsage().maxRSS / 1024, about]))
}

async function ours(path: string): Promise<string> {
  const file = await open(path)
  const { profile } = await readFolded(file)
  await file.close()
  return `${profile.size} nodes`
}

interface PlainNode {
  self: number
  children: Map<string, PlainNode>
}

async function plain(path: string): Promise<string> {
  const root: PlainNode = { self: 0, children: new Map() }
  let nodes = 1
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const space = line.lastIndexOf(' ')
    let at = root
    for (const frame of line.slice(0, space).split(';')) {
      let child = at.children.get(frame)
      if (!child) {
        child = { self: 0, children: new Map() }
        at.children.set(frame, child)
        nodes++
      }
      at = child
    }
    at.self += Number(line.slice(space + 1))
  }
  return `${nodes} nodes`
}

function againstFlamegraphPl(path: string): void {
  const started = performance.now()
  const { error, status } = spawnSync('flamegraph.pl', ['--hash', path], { stdio: 'ignore' })
  const ms = performance.now() - started
  console.log(
    error || status !== 0 ? '  flamegraph.pl is not installed' : `  flamegraph.pl ${ms.toFixed(0)} ms, with its SVG`,
  )
}

async function drawOnce(path: string): Promise<void> {
  const file = await open(path)
  const { profile } = await readFolded(file)
  await file.close()
  const columns = [{ key: 'all', label: 'all' }]
  const started = performance.now()
  const svg = flameSvg(profile, { title: 'bench', lines: [], columns, view: { column: 'all' } })
  const svgMs = performance.now() - started
  const boxes = svg.split('<rect').length
  const bare = performance.now()
  const without = flameSvg(profile, { title: 'bench', lines: [], columns, view: { column: 'all' }, interactive: false })
  const boxUs = ((performance.now() - bare) * 1000) / boxes
  console.log(
    `  svg    ${svgMs.toFixed(0)} ms, ${(svg.length / 1e6).toFixed(2)} MB (boxes only ${(without.length / 1e6).toFixed(2)} MB), ` +
      `${boxes} boxes, ${boxUs.toFixed(1)} us/box with layout`,
  )
}

async function generate(path: string, count: number, distinct: number): Promise<void> {
  const random = seeded(7)
  const functions = Array.from(
    { length: 3000 },
    (_, i) => `${WORDS[i % WORDS.length]}_${WORDS[(i * 7) % WORDS.length]}_${i}`,
  )
  // Each stack shares most of its frames with the one before, as samples of one program do.
  let frames: string[] = []
  const stacks: string[] = []
  for (let i = 0; i < distinct; i++) {
    const shared = Math.floor(random() ** 0.5 * frames.length)
    const depth = 25 + Math.floor(random() * 30)
    frames = frames.slice(0, Math.min(shared, depth))
    while (frames.length < depth) frames.push(functions[Math.floor(random() ** 2 * functions.length)] ?? '')
    stacks.push(frames.join(';'))
  }
  const file = await open(path, 'w')
  let block: string[] = []
  for (let i = 0; i < count; i++) {
    const pick = distinct === count ? i : Math.floor(random() ** 3 * distinct)
    block.push(`${stacks[pick]} ${1 + Math.floor(random() * 20)}\n`)
    if (block.length === 10_000) {
      await writeFile(file, block.join(''))
      block = []
    }
  }
  await writeFile(file, block.join(''))
  await file.close()
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >>> 0) / 2 ** 32
  }
}
