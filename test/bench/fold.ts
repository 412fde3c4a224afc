import { open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FoldedRead, readFolded } from '../../audit/profile/folded.ts'
import { flameSvg } from '../../ui/flame/svg.ts'

/**
 * What folding, layout and the SVG cost: `node test/bench/fold.ts [LINES]`. The stream repeats ~30 000 distinct stacks
 * of depth ~40 (780 bytes a line), as a sampled profile does; `all different` is the worst case for every cache.
 */
const lineCount = Number(process.argv[2] ?? 100_000)
const folder = tmpdir()
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

for (const kind of ['sampled', 'all different'] as const) {
  const path = join(folder, `probe-fold-${process.pid}.txt`)
  const distinct = kind === 'sampled' ? Math.min(29_734, lineCount) : lineCount
  await generate(path, lineCount, distinct)
  const started = performance.now()
  const file = await open(path)
  const { size } = await file.stat()
  const read = await readFolded(file)
  await file.close()
  const foldMs = performance.now() - started
  await rm(path)
  print(kind, size, foldMs, read)
}

function print(kind: string, size: number, foldMs: number, { profile, lines }: FoldedRead): void {
  const columns = [{ key: 'all', label: 'all' }]
  const started = performance.now()
  const svg = flameSvg(profile, { title: 'bench', lines: [], columns, view: { column: 'all' } })
  const svgMs = performance.now() - started
  const boxes = svg.split('<rect').length
  const bare = performance.now()
  const without = flameSvg(profile, { title: 'bench', lines: [], columns, view: { column: 'all' }, interactive: false })
  const boxUs = ((performance.now() - bare) * 1000) / boxes
  console.log(
    `${kind}: ${lines} lines, ${(size / 1e6).toFixed(0)} MB, ${profile.size} nodes: fold ${foldMs.toFixed(0)} ms ` +
      `(${((foldMs * 1e6) / lines).toFixed(0)} ns/line); svg ${svgMs.toFixed(0)} ms, ${(svg.length / 1e6).toFixed(2)} MB ` +
      `(boxes only ${(without.length / 1e6).toFixed(2)} MB), ${boxes} boxes, ${boxUs.toFixed(1)} us/box with layout; ` +
      `peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
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
