import { open, writeFile } from 'node:fs/promises'

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

/**
 * Writes `count` folded stacks, `distinct` different ones: depth ~40, some 780 bytes a line, each like the one before in
 * most of its frames, as samples of one program are. Few are seen often, most are rare. The same every time.
 */
export async function writeStacks(path: string, count: number, distinct: number): Promise<void> {
  const random = seeded(7)
  const functions = Array.from({ length: 3000 }, (_, i) =>
    [WORDS[i % WORDS.length], WORDS[(i * 7) % WORDS.length], ...(i % 2 ? [WORDS[(i * 4) % WORDS.length]] : []), i].join(
      '_',
    ),
  )
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
