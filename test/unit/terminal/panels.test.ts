import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { profileOf } from '../../../audit/index.ts'
import { bucketOf, histogramOf } from '../../../probes/index.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { drawHistogram } from '../../../ui/terminal/panels/histogram.ts'
import { drawPanel } from '../../../ui/terminal/panels/panel.ts'
import { drawTable, sortRows } from '../../../ui/terminal/panels/table.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { type SyntheticRun, syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { screen } from './screen-text.ts'

const catalog = syntheticCatalog()
const sceneOf = (run: SyntheticRun, state: Partial<ScreenState> = {}): Scene => ({
  model: run.model,
  catalog,
  profileOf,
  state: { ...initialState, ...state },
  live: true,
  title: 'run.ndjson',
})

describe('the screen', () => {
  it.each([
    ['overview', 120, 40, {}],
    ['overview', 80, 24, {}],
    ['distribution', 120, 40, { tab: 1 }],
    ['table', 120, 40, { tab: 2 }],
    ['flame', 120, 40, { tab: 3 }],
    ['system', 120, 40, { tab: 4 }],
    ['log', 120, 40, { tab: 5 }],
    ['help', 120, 40, { help: true }],
    ['overview', 60, 15, {}],
  ] as const)('shows the %s at %ix%i', async (name, columns, rows, state) => {
    const text = screen(sceneOf(syntheticRun(60), state), columns, rows).join('\n')
    await expect(`${text}\n`).toMatchFileSnapshot(`golden/${name}-${columns}x${rows}.txt`)
  })

  it.each([0, 1, 6, 30])('says so in a run %i seconds old, for each tab', (seconds) => {
    for (const tab of [0, 1, 2, 3, 4, 5]) {
      const lines = screen(sceneOf(syntheticRun(seconds), { tab }), 100, 30)
      expect(lines.join('\n').trim()).not.toBe('')
      expect(lines.join('\n')).not.toMatch(/NaN|undefined|Infinity|null/)
    }
  })

  it('keeps its last line, the keys, at any size', () => {
    for (let rows = 2; rows <= 30; rows++) {
      const lines = screen(sceneOf(syntheticRun(60)), 40, rows)
      expect(lines).toHaveLength(rows - 1)
      expect(lines.at(-1)).toContain('q quit')
    }
  })

  it.each([
    [{ tab: 0 }, /^ f why {2}\? help {2}.* e export {2}.*q quit$/],
    [{ tab: 3 }, /^ f why {2}\? help {2}.* d diff {2}e export {2}enter zoom {2}.*q quit$/],
    [{ tab: 2 }, /^ f why {2}\? help {2}.* e export {2}s sort {2}.*q quit$/],
  ])('names at 80 columns the way on, what only this place can do, and the way out: %j', (state, keys) => {
    expect(screen(sceneOf(syntheticRun(60), state), 80, 24).at(-1)).toMatch(keys)
  })

  it('says of stacks that there are none whether any are to come, and where others are', () => {
    const run = syntheticRun(60)
    const text = (over: Partial<Scene>) =>
      screen({ ...sceneOf(run, { tab: 3 }), profileOf: () => null, ...over }, 100, 30).join('\n')
    expect(text({})).toMatch(/no stacks of this view in stress yet: they come every few seconds/)
    expect(text({ live: false })).toMatch(/no stacks of this view in stress\n[\s\S]*p next phase {3}v next view/)
  })

  it('gives up the lanes before the header’s second line', () => {
    const at = (rows: number) => screen(sceneOf(syntheticRun(60)), 80, rows).join('\n')
    expect(at(24)).toContain('Over time')
    expect(at(17)).not.toContain('Over time')
    expect(at(17)).toContain('trust ok')
    expect(at(15)).not.toContain('trust ok')
    expect(at(15)).toContain('stress 3/3')
  })

  it('names what stands out in words', () => {
    expect(screen(sceneOf(syntheticRun(60)), 120, 40).at(-2)).toBe(
      ' ▲ stress is worst so far: response p99 39.2 ms (×8.7); with it overflows, namespace 245 (new)   f shows it: 5 System',
    )
  })

  it('says that it cannot compare where no phase came before', () => {
    expect(screen(sceneOf(syntheticRun(4)), 120, 40).at(-2)).toContain('no earlier phase to compare with')
  })

  it('is about the probe of the tab, where that has anything to say', () => {
    const at = (view: string) => screen(sceneOf(syntheticRun(60), { tab: 1, views: { waits: view } }), 120, 40).at(-2)
    expect(at('heat:waited')).toBe(
      ' ▲ stress so far: Waits waited mean 10.5 ms (32.5 µs in baseline, ×323); also Waits turned away 7 (new)   f shows it',
    )
    expect(at('numbers:waited')).toBe(
      ' ▲ stress, 2 of 4: Waits waited mean 10.5 ms (32.5 µs in baseline, ×323)   e exports it   f next: 4 Stalls',
    )
  })

  it('shows in a replay the phase that is looked at on the first line too', () => {
    const pinned = { ...sceneOf(syntheticRun(60), { phaseId: 1 }), live: false }
    expect(screen(pinned, 120, 40)[0]).toMatch(/baseline 2\/3 .* 2\.56 k\/s of 2\.50 k {3}p99 4\.51 ms/)
    expect(screen({ ...pinned, live: true }, 120, 40)[0]).toMatch(/stress 3\/3 /)
  })

  it.each([
    [120, /^ trust lower bound, tracing is dear {3}cost 22\.3 % of a core {3}loss 12 .*bpftrace 0\.17 {3}run\.ndjson$/],
    [80, /^ trust lower bound, tracing is dear {3}cost 22\.3 % {3}loss 12 +run\.ndjson$/],
    [60, /^ trust lower bound, tracing is dear {3}loss 12 +run\.ndjson$/],
    [54, /^ trust lower bound, tracing is dear +run\.ndjson$/],
  ])('names the recording beside all doubts at %i columns', (columns, expected) => {
    const run = syntheticRun(60)
    run.model.loss.push({ startUs: 0, endUs: 1, probe: 'stalls', kind: 'map_full', count: 12 })
    for (const sample of run.model.overhead) sample.tracerCpuNs *= 20
    expect(screen(sceneOf(run), columns, 24)[1]).toMatch(expected)
  })

  it('says how many rows are out of sight without covering one', () => {
    const rows = screen(sceneOf(syntheticRun(60)), 80, 24)
    const head = rows.findIndex((row) => /idle +baseline +▲ stress/.test(row))
    expect(rows[head]).toMatch(/^ \d+ more ↓/)
    expect(rows.at(-3)).toMatch(/\d( \S+)?( ×[\d.]+| new)?$/)
    const scrolled = screen(sceneOf(syntheticRun(60), { tables: { overview: { sort: null, scroll: 3 } } }), 80, 24)
    expect(scrolled[head]).toMatch(/^ ↑ 3 {3}\d+ more ↓/)
  })

  it('says of a phase whose latencies are thrown away that it is not judged', () => {
    const run = syntheticRun(60)
    const plan = { phases: [{ name: 'idle', discard: true }] }
    if (run.model.header) run.model.header = { ...run.model.header, plan }
    const rows = screen({ ...sceneOf(run, { phaseId: 0 }), live: false }, 120, 40)
    expect(rows[0]).toMatch(/ not judged$/)
    expect(rows.findLast((row) => row.startsWith(' response p99 '))).toMatch(/n\/j/)
    expect(rows.at(-2)).toMatch(/^ · idle is not judged \(n\/j\)/)
  })

  it('cuts the names of views that do not fit, never the one shown', () => {
    const at = (columns: number, view: string) =>
      screen(sceneOf(syntheticRun(60), { tab: 3, views: { stalls: view } }), columns, 24)[4]
    expect(at(26, 'flame:blocked')).toBe(' [blocked] waiting for a…')
    expect(at(26, 'numbers')).toBe(' …[numbers]')
  })

  it('shows loss as doubt', () => {
    const run = syntheticRun(60)
    run.model.loss.push({ startUs: 0, endUs: 1, probe: 'stalls', kind: 'map_full', count: 12 })
    const [, trust] = screen(sceneOf(run), 120, 40)
    expect(trust).toMatch(/trust lower bound .* loss 12/)
  })
})

describe('a panel', () => {
  const run = syntheticRun(60)

  it('never writes outside its rectangle, for any size and state', () => {
    const state = fc.record({
      tab: fc.integer({ min: 0, max: 5 }),
      phaseId: fc.constantFrom(null, 0, 1, 2, 99),
      help: fc.boolean(),
      search: fc.constantFrom('', 'cache', '(', '.*'),
      views: fc.constantFrom<ScreenState['views'][]>({}, { stalls: 'flame:runnable' }, { stalls: 'numbers' }),
      flames: fc.constantFrom<ScreenState['flames'][]>(
        {},
        { stalls: { root: ['main', 'worker_main'], selected: ['main', 'gone'] } },
      ),
      tables: fc.constantFrom<ScreenState['tables'][]>(
        {},
        { calls: { sort: 'mean', scroll: 3 } },
        { calls: { sort: null, scroll: 1e6 } },
      ),
    })
    const rect = fc.record({
      x: fc.integer({ min: 0, max: 30 }),
      y: fc.integer({ min: 0, max: 10 }),
      width: fc.integer({ min: 0, max: 180 }),
      height: fc.integer({ min: 0, max: 50 }),
    })
    fc.assert(
      fc.property(state, rect, (some, { x, y, width, height }) => {
        const cells = createCells(200, 60)
        drawPanel(sceneOf(run, some), brush(cells, { x, y, width, height }))
        cells.code.forEach((code, at) => {
          const [column, row] = [at % 200, Math.floor(at / 200)]
          const isInside = column >= x && column < x + width && row >= y && row < y + height
          if (!isInside && code !== 0x20) throw new Error(`wrote at ${column},${row}`)
        })
      }),
      { numRuns: 80 },
    )
  }, 30_000)

  it('draws the same scene the same way', () => {
    expect(screen(sceneOf(run, { tab: 3 }), 120, 40)).toEqual(screen(sceneOf(run, { tab: 3 }), 120, 40))
  })
})

describe('drawTable', () => {
  const columns = [
    { key: 'name', label: 'name', unit: 'text' },
    { key: 'count', label: 'count', unit: 'count' },
    { key: 'share', label: 'share', unit: 'percent' },
    { key: 'each', label: 'per request', unit: 'per_request' },
    { key: 'p99', label: 'p99', unit: 'ns' },
    { key: 'max', label: 'max', unit: 'ns' },
    { key: 'failed', label: 'failed', unit: 'text' },
  ] as const
  const titles = (width: number, sort: string | null = null) => {
    const cells = createCells(width, 4)
    drawTable(brush(cells), columns, [], { sort, scroll: 0 })
    return rowText(cells, 1, () => '')
      .replace(/\x1b\[0m$/, '')
      .trim()
      .split(/ {2,}/)
      .join(', ')
  }

  it.each([
    [130, null, 'name, count, share, per request, p99, max, failed'],
    [100, null, 'name, count, per request, p99, max, failed'],
    [90, null, 'name, count, p99, max, failed'],
    [75, null, 'name, count, p99, failed'],
    [60, null, 'name, count, failed'],
    [90, 'share', 'name, count, share ▾, p99, failed'],
    [30, null, 'name'],
  ])('at %i columns, sorted by %s, keeps %s', (width, sort, expected) => {
    expect(titles(width, sort)).toBe(expected)
  })

  it('shrinks texts to what they hold before a column goes, and shows them whole where there is room', () => {
    const flows = [
      { key: 'local', label: 'local', unit: 'text' },
      { key: 'remote', label: 'remote', unit: 'text' },
      { key: 'state', label: 'state', unit: 'text' },
      { key: 'count', label: 'segments', unit: 'count' },
    ] as const
    const drawn = (width: number, row: { local: string; remote: string }) => {
      const cells = createCells(width, 4)
      drawTable(brush(cells), flows, [{ ...row, state: 'SYN_SENT', count: 7 }], { sort: null, scroll: 0 })
      return rowText(cells, 2, () => '')
    }
    expect(drawn(80, { local: '10.0.0.1:55204', remote: '10.0.0.2:443' })).toMatch(/10\.0\.0\.2:443 +SYN_SENT +7/)
    const long = '[2001:db8:85a3:8d3:1319:8a2e:370:7348]:55204'
    expect(drawn(200, { local: long, remote: long })).toMatch(/:55204 +\[2001\S+:55204 +SYN_SENT +7/)
  })
})

describe('drawHistogram', () => {
  it('says where each percentile is, also where several fall into one row', () => {
    const values = [...Array.from({ length: 60 }, () => 1e3), ...Array.from({ length: 40 }, () => 4e7)]
    const histogram = histogramOf(
      values.map((value) => [bucketOf(value), 1] as const),
      values.reduce((a, b) => a + b, 0),
    )
    const cells = createCells(60, 30)
    drawHistogram(brush(cells), histogram, null)
    const marks = Array.from({ length: 30 }, (_, y) => /p\d\S*( ?\S+ [µm]?s)/.exec(rowText(cells, y, () => ''))?.[0])
    expect(marks.filter((mark) => mark !== undefined)).toEqual(['p50 1.02 µs', 'p90–99.9 ≤41.9 ms'])
  })
})

describe('sortRows', () => {
  const columns = [
    { key: 'name', label: 'name', unit: 'text' },
    { key: 'n', label: 'n', unit: 'count' },
  ] as const
  const rows = [
    { name: 'b', n: null },
    { name: 'c', n: 1 },
    { name: 'a', n: 5 },
  ]

  it.each([
    [null, 'bca'],
    ['name', 'abc'],
    ['n', 'acb'],
  ])('by %s', (sort, expected) => {
    expect(
      sortRows(rows, columns, sort)
        .map((row) => row['name'])
        .join(''),
    ).toBe(expected)
  })
})

describe('the log', () => {
  it('breaks what is too long, and keeps the end in sight', () => {
    const run = syntheticRun(30)
    const text = `soak is not valid: ${'the generator was late, '.repeat(6)}bound 10 ms`
    run.model.notes.push({ tUs: 9e6, text, kind: 'note' })
    const rows = screen(sceneOf(run, { tab: 5 }), 80, 24)
    expect(rows.join('').replaceAll(/ +/g, ' ')).toContain(text)
    expect(rows.every((row) => row.length <= 80)).toBe(true)
  })
})
