import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { applyRecord, createRunModel, type RunModel, summarize } from '../../../audit/index.ts'
import { GEOMETRY } from '../../../ui/chart/geometry.ts'
import { timelineSvg } from '../../../ui/index.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { header, phase } from '../audit/records.ts'

const catalog = syntheticCatalog()
const modelOf = (seconds: number): RunModel => syntheticRun(seconds).model
const hasXmllint = spawnSync('xmllint', ['--version']).status === 0

function expectWellFormed(svg: string, why: string): void {
  const { status, stderr } = spawnSync('xmllint', ['--noout', '--nonet', '-'], { input: svg, encoding: 'utf8' })
  expect({ status, stderr }, why).toEqual({ status: 0, stderr: '' })
}

/** The groups of a class, as text, in the order they are drawn. */
const groups = (svg: string, name: string): string[] =>
  svg
    .split(`<g class="${name}"`)
    .slice(1)
    .map((rest) => rest.split(/<g class="(?:lane|row|phase|axis time|remarks)"/)[0] ?? '')
const texts = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((found) => found[1] ?? '')
const laneOf = (svg: string, label: string): string =>
  groups(svg, 'lane').find((lane) => texts(lane)[0] === label) ?? ''
const rowOf = (svg: string, label: string): string[] | undefined =>
  groups(svg, 'row')
    .map(texts)
    .find((row) => row[0] === label)
/** Path data of the curves of a lane. */
const curves = (lane: string, style = 'curve'): string[] =>
  [...lane.matchAll(/<path class="([a-z ]+)" d="([^"]*)"/g)].flatMap((found) =>
    found[1] === style ? [found[2] ?? ''] : [],
  )
/** The stretches of a curve without a gap: the x where each begins and ends. */
const stretches = (path: string): [number, number][] =>
  path
    .split('M')
    .slice(1)
    .map((stretch) => {
      const xs = [...stretch.matchAll(/(?:^|L)([\d.]+),/g)].map((found) => Number(found[1]))
      return [xs[0] ?? Number.NaN, xs.at(-1) ?? Number.NaN]
    })

const { plotLeft, plotRight } = GEOMETRY
const xOf = (seconds: number, length: number): number => plotLeft + ((plotRight - plotLeft) * seconds) / length

describe('the picture of a run over time', () => {
  test('has a lane for the load, the response time, the errors and every probe, in this order', async () => {
    const svg = await timelineSvg(modelOf(60), catalog)
    expect(groups(svg, 'lane').map((lane) => texts(lane)[0])).toEqual([
      'Requests',
      'Response time',
      'Errors',
      'Waits',
      'Calls',
      'Stalls',
    ])
  })

  test('names the phases over bands as long as they took', async () => {
    const phases = groups(await timelineSvg(modelOf(60), catalog), 'phase')
    const bands = phases.map((band) => ({
      name: texts(band)[0],
      x: Number(/ x="([\d.]+)"/.exec(band)?.[1]),
      width: Number(/ width="([\d.]+)"/.exec(band)?.[1]),
    }))
    const seconds: [string, number, number][] = [
      ['idle', 0, 5],
      ['baseline', 5, 20],
      ['stress', 25, 35],
    ]
    expect(bands).toHaveLength(seconds.length)
    for (const [i, [name, from, length]] of seconds.entries()) {
      expect(bands[i]?.name).toBe(name)
      expect(bands[i]?.x).toBeCloseTo(xOf(from, 60), 1)
      expect(bands[i]?.width).toBeCloseTo(xOf(length, 60) - plotLeft, 1)
    }
  })

  test('begins a curve where something is known, and not before', async () => {
    const svg = await timelineSvg(modelOf(60), catalog)
    for (const label of ['Requests', 'Response time', 'Calls']) {
      const [[begin, end] = [0, 0], ...others] = stretches(curves(laneOf(svg, label))[0] ?? '')
      expect(begin, label).toBeCloseTo(xOf(5, 60), 1)
      expect(end, label).toBeCloseTo(xOf(60, 60), 1)
      expect(others, label).toEqual([])
    }
  })

  test('leaves a gap where a value is unknown, and where nobody measured', async () => {
    const model = modelOf(60)
    const slices = model.phases[1]?.load?.history ?? []
    slices.splice(3, 2)
    const unknown = slices[8] // the eleventh second of the phase
    if (unknown) unknown.p99Ms = null
    const svg = await timelineSvg(model, catalog)
    expect(stretches(curves(laneOf(svg, 'Requests'))[0] ?? '')).toEqual(near([5, 8], [10, 60]))
    expect(stretches(curves(laneOf(svg, 'Response time'))[0] ?? '')).toEqual(near([5, 8], [10, 15], [16, 60]))
  })

  const near = (...spans: [number, number][]) =>
    spans.map((span) => span.map((seconds) => expect.closeTo(xOf(seconds, 60), 1)))

  test('gives median and peak of every lane with their units', async () => {
    const svg = await timelineSvg(modelOf(60), catalog)
    expect(texts(laneOf(svg, 'Requests')).slice(-2)).toEqual(['4.82 k/s', '4.92 k/s'])
    expect(texts(laneOf(svg, 'Errors')).slice(-2)).toEqual(['1/s', '1/s'])
    expect(texts(laneOf(svg, 'Calls')).slice(-2)).toEqual(['41.3', '42.2'])
    expect(texts(laneOf(svg, 'Response time')).filter((text) => /^p\d+$/.test(text))).toEqual(['p99', 'p50'])
  })

  test('draws waits of very different lengths on a logarithmic scale, and says so', async () => {
    const lane = texts(laneOf(await timelineSvg(modelOf(60), catalog), 'Waits'))
    expect(lane[1]).toBe('waited mean, log')
    expect(lane).toContain('10 µs')
    expect(lane).toContain('1 ms')
    const early = texts(laneOf(await timelineSvg(modelOf(20), catalog), 'Waits'))
    expect(early[1]).toBe('waited mean')
  })

  test('tells counters by phase: nothing is 0, unknown is a dash, faults are marked', async () => {
    const model = modelOf(60)
    model.phases[0]?.telemetry.clear()
    const svg = await timelineSvg(model, catalog)
    expect(rowOf(svg, 'overflows, namespace')).toEqual(['overflows, namespace', '–', '0', '245', '245'])
    const marked = groups(svg, 'row').filter((row) => row.includes('class="strip"'))
    expect(marked.map((row) => texts(row)[0])).toEqual(['overflows, namespace', 'SYNs dropped, namespace'])
    expect(rowOf(svg, 'segments sent again')).toBeUndefined()
  })

  test('tells the CPU time of the target by phase, where it was sampled', async () => {
    const model = modelOf(30)
    const at = (seconds: number, cpu_ns: number) =>
      applyRecord(model, { type: 'telemetry', source: 'process', t_us: seconds * 1e6, values: { cpu_ns } })
    at(26, 1e9)
    at(30, 3e9)
    expect(rowOf(await timelineSvg(model, catalog), 'target CPU, of a core')?.slice(1)).toEqual(['–', '–', '50.0 %'])
  })

  test('says what tracing cost, what was lost and which phase is not to be believed', async () => {
    const model = modelOf(60)
    applyRecord(model, { type: 'loss', start_us: 30e6, end_us: 31e6, probe: 'waits', kind: 'map_full', count: 17 })
    const summary = summarize(model, catalog)
    applyRecord(model, {
      ...summary,
      phases: summary.phases.map((p) => (p.name === 'stress' ? { ...p, valid: false, reasons: ['too <late>'] } : p)),
    })
    const svg = await timelineSvg(model, catalog)
    const all = texts(svg)
    expect(all.join('\n')).toMatch(/cost: tracer 1\.10 % of a core · .* · loss 17 map full: sums are a lower bound/)
    expect(rowOf(svg, 'events lost')).toEqual(['events lost', '0', '0', '17', '17'])
    expect(all).toContain('00:35 · 4.86 k/s · not valid')
    expect(all).toContain('stress is not valid: too &lt;late&gt;')
  })

  test.each([
    ['nothing at all', createRunModel(catalog)],
    ['a phase without anything', emptyPhase()],
    ['a second', modelOf(1)],
    ['six seconds', modelOf(6)],
    ['ten minutes', modelOf(600)],
  ])('of %s holds no broken number', async (_, model) => {
    const svg = await timelineSvg(model, catalog)
    expect(svg).not.toMatch(/NaN|Infinity|undefined|null/)
    if (hasXmllint) expectWellFormed(svg, 'short run')
  })

  test('needs no script, no other file, and is the same for the same run', async () => {
    const svg = await timelineSvg(modelOf(60), catalog)
    expect(svg).not.toMatch(/<script|href=|url\(|@import/)
    expect(await timelineSvg(modelOf(60), catalog)).toBe(svg)
    expect(svg.length).toBeLessThan(200_000)
  })

  test('cuts a name that its phase has no room for', async () => {
    const model = createRunModel(catalog)
    applyRecord(model, phase(0, 'a phase with a long name', 0, 8e6))
    applyRecord(model, phase(1, 'baseline', 8e6, 80e6))
    applyRecord(model, phase(2, 'stress', 80e6, 80.1e6))
    const all = texts(await timelineSvg(model, catalog))
    expect(all).toContain('a phase …')
    expect(all).toContain('baseline')
    expect(all.filter((text) => /^s(tress)?…?$/.test(text))).toEqual([])
  })

  test.skipIf(!hasXmllint)('is well-formed whatever hosts, targets and phases are called (needs xmllint)', async () => {
    for (const name of hostileNames) expectWellFormed(await timelineSvg(named(name), catalog), JSON.stringify(name))
  })

  test('shows names as text: neither markup nor what a reader cannot see', async () => {
    for (const name of hostileNames) {
      const svg = await timelineSvg(named(name), catalog)
      expect(svg, JSON.stringify(name)).not.toMatch(
        /<script|<\/style>x|[\u0000-\u0009\u000b-\u001f\u202e\u2066\ufffe\uffff]/,
      )
      expect(svg).not.toMatch(/\p{Cs}/u)
    }
  })
})

test('importing the room does not load d3 and its document', () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
    await import(process.argv[1])
    console.log(JSON.stringify(loaded.filter((url) => /node_modules\\/(d3|jsdom)/.test(url))))
  `
  const room = fileURLToPath(new URL('../../../ui/index.ts', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script, room], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([])
}, 30_000)

const hostileNames = [
  'std::vector<int, std::allocator<int> >&',
  'a]]>b',
  '--><script>alert(1)</script>',
  '</style>x</svg>',
  '"quoted" \'single\' & &amp; &#0;',
  'nul\u0000bell\u0007escape\u001b[31m',
  'bidi\u202eevil\u2066',
  'nbsp\u00a0',
  'lone \ud800 surrogate',
  'noncharacter \ufffe\uffff',
  '名前😀',
  'x'.repeat(5000),
  'a😀'.repeat(500),
  '😀'.repeat(500),
]

/** A run in which everything that comes from outside is called `name`. */
function named(name: string): RunModel {
  const { model } = syntheticRun(0)
  const known = header()
  applyRecord(model, {
    ...known,
    started: name,
    host: { ...known.host, name, kernel: name, bpftrace: name },
    target: { ...known.target, processes: [{ pid: 1, starttime: 1, comm: name, cmdline: name }] },
  })
  applyRecord(model, phase(0, name, 0, 5e6))
  applyRecord(model, { type: 'loss', start_us: 0, end_us: 1, probe: name, kind: 'map_full', count: 1 })
  const summary = summarize(model, catalog)
  applyRecord(model, { ...summary, phases: summary.phases.map((p) => ({ ...p, valid: false, reasons: [name] })) })
  return model
}

function emptyPhase(): RunModel {
  const model = createRunModel(catalog)
  applyRecord(model, phase(0, 'attach', 3e6))
  return model
}
