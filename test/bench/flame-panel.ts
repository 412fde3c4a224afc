import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readProfile } from '../../audit/index.ts'
import { flameOfFile } from '../../ui/flame/of-file.ts'
import type { RunFlame } from '../../ui/flame/of-run.ts'
import { stackFile } from '../../ui/terminal/flame/file.ts'
import { createPalette } from '../../ui/terminal/palette.ts'
import { createScreen, type Screen } from '../../ui/terminal/screen.ts'
import { syntheticCatalog, syntheticRun } from '../terminal/synthetic.ts'
import { writeStacks } from './stacks.ts'

const SECONDS = 30
const FPS = 10
/** a recorder's stacks come this often */
const STACKS_EVERY_S = 5

/**
 * What the flame panel of the terminal costs at 200x50: `node test/bench/flame-panel.ts [LINES [STACKS]]`. A file of LINES
 * folded stacks (default a million) is opened and keys are pressed, from the key to the bytes of the panel; then a live run
 * of STACKS stacks (default 2700, some 40 000 nodes) is watched, alone and compared. Without a terminal and without Ink.
 */
const [lines = '1000000', stacks = '2700'] = process.argv.slice(2)
await fileOf(Number(lines))
await live(Number(stacks))

async function fileOf(count: number): Promise<void> {
  await withStacks(count, 29_734, async (path) => {
    const started = performance.now()
    const graph = await flameOfFile(path, 'folded', { title: 'bench', unit: 'samples' })
    const read = performance.now() - started
    const { screen, bytes } = open(stackFile(graph))
    const total = performance.now() - started
    console.log(
      `${count} lines: read ${read.toFixed(0)} ms, on the screen after ${total.toFixed(0)} ms, ` +
        `${graph.profile.size} nodes, ${bytes()} bytes, rss ${Math.round(process.memoryUsage.rss() / 1024 ** 2)} MiB`,
    )
    keys(screen)
    compared(graph)
  })
}

async function withStacks<T>(count: number, distinct: number, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `probe-flame-panel-${process.pid}.folded`)
  try {
    await writeStacks(path, count, Math.min(distinct, count))
    return await use(path)
  } finally {
    await rm(path, { force: true })
  }
}

/** Each key some times: the first is what a reader waits for, the others are what is kept. */
function keys(screen: Screen): void {
  const pans = ['down', 'down', 'down', 'right', 'right', 'left', 'up', 'down', 'enter', 'down', 'down', 'backspace']
  const took = [...pans, ...pans, ...pans].map((key) => timed(() => screen.press(key))).sort((a, b) => a - b)
  const at = (share: number): string =>
    (took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0).toFixed(1)
  console.log(`  pan and zoom, key to bytes: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
  for (const [key, what] of [
    ['s', 'sandwich'],
    ['backspace', 'back'],
    ['c', 'collapse recursion'],
    ['x', 'hide'],
    ['X', 'show all'],
    ['r', 'reverse'],
    ['X', 'show all'],
    ['i', 'flame'],
    ['u', 'unit'],
  ] as const)
    console.log(`  ${what.padEnd(20)} ${timed(() => screen.press(key)).toFixed(1)} ms`)
  for (const key of ['/', ...'socket']) screen.press(key)
  console.log(`  ${'search'.padEnd(20)} ${timed(() => screen.press('enter')).toFixed(1)} ms`)
  console.log(`  ${'next match'.padEnd(20)} ${timed(() => screen.press('n')).toFixed(1)} ms`)
}

/** The same stacks twice, every third of one function heavier: a difference of all of them. */
function compared({ profile, value, options }: RunFlame): void {
  const [self = new Float64Array(), selfCount = new Float64Array()] = [profile.self[0], profile.selfCount[0]]
  const heavier = (weights: Float64Array) => weights.map((weight, node) => weight * (node % 3 === 0 ? 2 : 1))
  const both = {
    ...profile,
    columns: ['a', 'b'],
    self: [self, heavier(self)],
    selfCount: [selfCount, heavier(selfCount)],
  }
  const columns = ['a', 'b'].map((key) => ({ key, label: key }))
  const graph = { profile: both, value, options: { ...options, columns, view: { column: 'b' } } }
  const { screen } = open(stackFile(graph))
  console.log(`  ${'compare'.padEnd(20)} ${timed(() => screen.press('d')).toFixed(1)} ms, once`)
  console.log(`  ${'and pan in it'.padEnd(20)} ${timed(() => screen.press('down')).toFixed(1)} ms`)
}

/** A live run: ten frames a second, new stacks every five seconds as a recorder brings them. */
async function live(stackCount: number): Promise<void> {
  const { profile } = await withStacks(stackCount, stackCount, (path) => readProfile(path, 'folded', { unit: 'ns' }))
  const all = profile.self[0] ?? new Float64Array()
  const [base, shown] = [profile.column('1'), profile.column('2')]
  const grow = (): void => {
    for (let node = 1; node < profile.size; node++) {
      const weight = (all[node] ?? 0) * 1e5
      if (weight === 0) continue
      profile.weigh(node, base, weight, 3)
      profile.weigh(node, shown, weight * (node % 3 === 0 ? 4 : 1), 3)
    }
  }
  const run = syntheticRun(60)
  grow()
  for (const [what, start] of [
    ['one phase', {}],
    ['compared', { compare: 1 }],
  ] as const) {
    const { screen, bytes } = open({ model: run.model, profileOf: () => profile, start: { tab: 3, ...start } }, true)
    const [frames, fresh]: [number[], number[]] = [[], []]
    const before = bytes()
    for (let second = 0; second < SECONDS; second++) {
      run.second()
      if (second % STACKS_EVERY_S === 0) {
        grow()
        fresh.push(timed(() => screen.repaint()))
      }
      for (let frame = 1; frame < FPS; frame++) frames.push(timed(() => screen.repaint()))
    }
    const sum = (times: readonly number[]): number => times.reduce((total, ms) => total + ms, 0)
    console.log(
      `live, ${what}, ${profile.size} nodes: ${(sum(frames) / frames.length).toFixed(2)} ms a whole frame, ` +
        `${(sum(fresh) / fresh.length).toFixed(1)} ms where stacks are new (every ${STACKS_EVERY_S} s): ` +
        `${((sum(frames) + sum(fresh)) / (SECONDS * 10)).toFixed(2)} % of a core at ${FPS} fps; ` +
        `${Math.round((bytes() - before) / (frames.length + fresh.length))} bytes a whole frame`,
    )
  }
}

/** A screen of 200x50 on a terminal that takes everything, with its first frame painted. */
function open(
  of: Pick<Parameters<typeof createScreen>[0], 'model' | 'profileOf' | 'start'>,
  isLive = false,
): { screen: Screen; bytes: () => number } {
  let bytes = 0
  const screen = createScreen({
    ...of,
    catalog: isLive ? syntheticCatalog() : new Map(),
    title: 'bench',
    live: isLive,
    sgr: createPalette('true'),
    terminal: {
      columns: 200,
      rows: 50,
      writableNeedDrain: false,
      write: (text) => {
        bytes += text.length
      },
      once: () => undefined,
    },
    onEffect: () => undefined,
  })
  screen.committed(screen.chrome().layout)
  screen.framed()
  return { screen, bytes: () => bytes }
}

function timed(work: () => void): number {
  const started = performance.now()
  work()
  return performance.now() - started
}
