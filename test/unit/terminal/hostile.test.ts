import fc from 'fast-check'
import { describe, it } from 'vitest'
import { applyRecord, type HeaderRecord, profileOf, type RunModel } from '../../../audit/index.ts'
import { brush, createCells } from '../../../ui/terminal/cells.ts'
import { drawFooter, drawHeader, drawTabs } from '../../../ui/terminal/chrome.ts'
import { toAscii } from '../../../ui/terminal/glyphs.ts'
import { drawPanel } from '../../../ui/terminal/panels/panel.ts'
import { tabLines } from '../../../ui/terminal/reader-text.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, tabsOf } from '../../../ui/terminal/state.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

// What other processes and files may bring: wide and combining glyphs, controls, nothing at all, and much of everything.
const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '漢字'.repeat(40),
    '👩‍👩‍👧',
    'e\u0301\u200d',
    '\x1b[31mred\x1b[0m',
    '\x00\n\r\t',
    '\u202eabc',
    '%s%n',
  ),
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
)
const number = fc.oneof(
  fc.constantFrom(0, 1, -1, 1e-9, 1e21, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE),
  fc.double({ min: 0, max: 1e12, noNaN: true }),
)

const hostile = fc.record({
  name: text,
  phases: fc.array(fc.record({ name: text, kind: fc.constantFrom('idle', 'baseline', 'stress', 'mark') }), {
    maxLength: 12,
  }),
  frames: fc.array(text, { minLength: 1, maxLength: 12 }),
  notes: fc.array(text, { maxLength: 5 }),
  metrics: fc.array(fc.tuple(fc.constantFrom('netns', 'cpu', 'cgroup', 'vmstat', 'nobody'), text, number), {
    maxLength: 8,
  }),
  rps: number,
  served: number,
})

/** A run whose every text and number is what came. */
function runOf({ name, phases, frames, notes, metrics, rps, served }: Hostile): RunModel {
  const { model } = syntheticRun(phases.length > 6 ? 0 : 30)
  if (model.header)
    model.header = {
      ...model.header,
      host: { ...model.header.host, kernel: name, bpftrace: name },
      target: { ...model.header.target, processes: [{ pid: 1, starttime: 1, comm: name, cmdline: name }] },
    } satisfies HeaderRecord
  const from = model.frames.length
  applyRecord(model, { type: 'frames', from, names: frames })
  for (const [i, phase] of phases.entries()) {
    const id = 100 + i
    const span = { phase: id, start_us: (100 + i) * 1e6, end_us: (101 + i) * 1e6 }
    applyRecord(model, { type: 'phase', id, name: phase.name, kind: phase.kind, start_us: span.start_us })
    const ids = frames.map((_, at) => from + at)
    applyRecord(model, {
      ...{ type: 'stacks', probe: 'stalls', unit: 'ns', ...span },
      rows: [[Math.min(served, 1e15), 1, ids, {}]],
    })
    applyRecord(model, { type: 'window', probe: 'stalls', ...span, data: { blocked_ns: Math.abs(Math.round(served)) } })
    const calls = Object.fromEntries(
      frames.map((frame) => [frame, { count: 1 + i, total_ns: Math.abs(Math.round(rps)) }]),
    )
    applyRecord(model, { type: 'window', probe: 'calls', ...span, data: { calls } })
    for (const [source, metric, value] of metrics)
      for (const t_us of [span.start_us, span.end_us])
        applyRecord(model, { type: 'telemetry', source, t_us, values: { [metric]: value * (t_us / 1e8) } })
  }
  for (const note of notes) applyRecord(model, { type: 'note', t_us: 1e6, text: note })
  return model
}
interface Hostile {
  name: string
  phases: { name: string; kind: string }[]
  frames: string[]
  notes: string[]
  metrics: [string, string, number][]
  rps: number
  served: number
}

const rect = fc.record({
  width: fc.integer({ min: 1, max: 300 }),
  height: fc.integer({ min: 1, max: 100 }),
})

const looked = fc.record({
  tab: fc.integer({ min: 0, max: 5 }),
  help: fc.boolean(),
  phaseId: fc.constantFrom(null, 1, 100, 103),
  search: fc.oneof(fc.constantFrom('', '(', '.*'), text),
  views: fc.constantFrom<Scene['state']['views'][]>({}, { stalls: 'numbers' }, { stalls: 'flame:runnable' }),
  tables: fc.constantFrom<Scene['state']['tables'][]>(
    {},
    { system: { sort: null, scroll: 1e6 }, calls: { sort: 'name', scroll: 2 } },
  ),
})

const catalog = syntheticCatalog()
const MARGIN = 2

describe('whatever a run holds, and whatever size the terminal has', () => {
  it('every panel stays inside its rectangle, and every cell is one column of a terminal', () => {
    fc.assert(
      fc.property(hostile, looked, rect, (some, state, { width, height }) => {
        const model = runOf(some)
        const scene: Scene = {
          model,
          catalog,
          profileOf,
          state: { ...initialState, ...state },
          live: true,
          title: some.name,
        }
        for (const draw of [drawPanel, drawHeader, drawTabs, drawFooter]) {
          const cells = createCells(width + 2 * MARGIN, height + 2 * MARGIN)
          draw(scene, brush(cells, { x: MARGIN, y: MARGIN, width, height }))
          cells.code.forEach((code, at) => {
            const [x, y] = [at % cells.width, Math.floor(at / cells.width)]
            const isInside = x >= MARGIN && x < MARGIN + width && y >= MARGIN && y < MARGIN + height
            if (!isInside && code !== 0x20) throw new Error(`${draw.name} wrote at ${x},${y}`)
            if (code < 0x20 || (code >= 0x7f && code < 0xa1)) throw new Error(`${draw.name} wrote a control, ${code}`)
          })
          toAscii(cells)
          if (cells.code.some((code) => code < 0x20 || code > 0x7e)) throw new Error('no ASCII')
        }
      }),
      { numRuns: 60 },
    )
  })

  it('the lines for a screen reader hold no number that is none', () => {
    fc.assert(
      fc.property(hostile, (some) => {
        const plain = { ...some, name: 'api', frames: ['main', 'work'], notes: [], metrics: [] }
        const model = runOf(plain)
        const scene: Scene = { model, catalog, profileOf, state: initialState, live: true, title: '' }
        for (const tab of tabsOf(model, catalog)) {
          const said = tabLines(scene, tab).join('\n')
          if (/NaN|undefined|\[object/.test(said)) throw new Error(said)
        }
      }),
      { numRuns: 30 },
    )
  })
})
