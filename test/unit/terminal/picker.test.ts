import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from '../../../probes/index.ts'
import { brush, createCells, rowText } from '../../../ui/terminal/cells.ts'
import { drawPicker, matching, type PickerState, pressInPicker, refreshed } from '../../../ui/terminal/picker-list.ts'

const process = (pid: number, facts: Partial<Candidate> = {}): Candidate => ({
  ...{ pid, starttime: pid, comm: `p${pid}`, command: `p${pid} --serve`, user: 'www', ports: [], cpuPct: null },
  ...facts,
})
const api = process(300, { comm: 'node', command: 'node server.js', ports: [8080, 9090], cpuPct: 2 })
const busy = process(200, { comm: 'gzip', command: 'gzip -9 big', user: 'root', cpuPct: 99.7 })
const quiet = process(100, { comm: 'sh', command: 'sh', cpuPct: 0 })
const other = process(50, { comm: 'sshd', command: 'sshd', user: null, ports: null, cpuPct: 0 })
const list = (state: Partial<PickerState> = {}): PickerState => ({
  ...{ processes: [api, busy, quiet, other], filter: '', selected: null },
  ...state,
})
const rows = (state: PickerState, width = 100, height = 8): string[] => {
  const cells = createCells(width, height)
  drawPicker(state, brush(cells))
  return Array.from({ length: height }, (_, y) =>
    rowText(cells, y, () => '')
      .replace(/\x1b\[0m$/, '')
      .trimEnd(),
  )
}
const pids = (state: PickerState): number[] => matching(state).map(({ pid }) => pid)
const press = (state: PickerState, ...keys: string[]) => {
  let next: ReturnType<typeof pressInPicker> = state
  for (const key of keys) if (!('do' in next)) next = pressInPicker(next, key, 10)
  return next
}

describe('the list of processes', () => {
  it('shows those that listen or burn CPU, and of the others none', () => {
    expect(rows(list()).slice(1, 5)).toEqual([
      '   type to search all: name, pid, :port, user',
      '      pid        cpu  listens on          user          command',
      '      300     2.00 %  :8080 :9090         www           node server.js',
      '      200     99.7 %                      root          gzip -9 big',
    ])
  })

  it('shows all when none is likely', () => {
    expect(pids(list({ processes: [quiet, other] }))).toEqual([100, 50])
  })

  it.each([
    ['sh', [100, 50]],
    [':9090', [300]],
    ['NODE', [300]],
    ['root gz', [200]],
    ['50', [50]],
    ['nothing like it', []],
  ])('finds %j among all', (filter, found) => {
    expect(pids(list({ filter }))).toEqual(found)
  })

  it('puts what listens on top at the first look that knows the CPU, and moves nothing afterwards', () => {
    const first = refreshed(
      list({ processes: [] }),
      [quiet, busy, api, other].map((one) => ({ ...one, cpuPct: null })),
    )
    const second = refreshed(first, [quiet, busy, api, other])
    expect(second.processes.map(({ pid }) => pid)).toEqual([300, 200, 50, 100])
    const late = process(7, { cpuPct: 100 })
    const reused = { ...quiet, starttime: 9999 }
    const third = refreshed(second, [late, { ...api, cpuPct: 0 }, { ...busy, cpuPct: 1 }, reused])
    // The process that ended is not the one that has its number now.
    expect(third.processes.map(({ pid, starttime }) => [pid, starttime])).toEqual([
      [300, 300],
      [200, 200],
      [7, 7],
      [100, 9999],
    ])
    expect(third.processes[0]?.cpuPct).toBe(0)
  })

  it.each([
    [['enter'], { do: 'pick', pid: 300, port: 8080 }],
    [['down', 'enter'], { do: 'pick', pid: 200, port: null }],
    [['down', 'down', 'down', 'up', 'up', 'enter'], { do: 'pick', pid: 300, port: 8080 }],
    [['pagedown', 'enter'], { do: 'pick', pid: 200, port: null }],
    [['down', 's', 's', 'h', 'enter'], { do: 'pick', pid: 50, port: null }],
    [['x', 'backspace', 'enter'], { do: 'pick', pid: 300, port: 8080 }],
    [['escape'], { do: 'leave' }],
    [['s', 'ctrl-c'], { do: 'leave' }],
  ] as const)('%j is %j', (keys, expected) => {
    expect(press(list(), ...keys)).toEqual(expected)
  })

  it('has one row for those that listen on the same port, and not for those of another network', () => {
    const nginx = (pid: number, netns: number, cpuPct: number) =>
      process(pid, { command: pid === 40 ? 'nginx: master' : 'nginx: worker', ports: [9300], netns, cpuPct })
    const state = refreshed(list({ processes: [] }), [
      nginx(41, 1, 30),
      nginx(40, 1, 0),
      nginx(42, 1, 12),
      nginx(90, 2, 1),
    ])
    expect(rows(state).slice(3, 5)).toEqual([
      '       40     42.0 %  :9300               www           3 processes: nginx: master',
      '       90     1.00 %  :9300               www           nginx: worker',
    ])
    expect(press(state, 'enter')).toEqual({ do: 'pick', pid: 40, port: 9300 })
    expect(pids({ ...state, filter: '42' })).toEqual([40])
  })

  it('picks nothing where nothing is, and ignores keys that mean nothing', () => {
    expect(press(list({ filter: 'zzz' }), 'enter', 'ctrl-x', 'home')).toMatchObject({ filter: 'zzz' })
  })

  it('keeps the selected one in sight', () => {
    const many = Array.from({ length: 50 }, (_, i) => process(1000 + i, { ports: [i + 1] }))
    const state = list({ processes: many, selected: 1040 })
    expect(rows(state, 80, 12).some((row) => row.includes('1040'))).toBe(true)
  })

  it('never writes outside, for any size, list and filter', () => {
    const anyProcess = fc.record({
      pid: fc.nat(),
      starttime: fc.nat(),
      comm: fc.string({ unit: 'binary', maxLength: 20 }),
      command: fc.string({ unit: 'binary', maxLength: 30 }),
      user: fc.option(fc.string({ maxLength: 20 })),
      ports: fc.option(fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 20 })),
      cpuPct: fc.option(fc.oneof(fc.constantFrom(0, 1e300), fc.double({ min: 0, max: 1e5, noNaN: true }))),
    })
    fc.assert(
      fc.property(
        fc.array(anyProcess, { maxLength: 8 }),
        fc.string({ maxLength: 10 }),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 30 }),
        (processes, filter, width, height) => {
          const cells = createCells(width + 2, height + 2)
          drawPicker({ processes, filter, selected: null }, brush(cells, { x: 1, y: 1, width, height }))
          cells.code.forEach((code, at) => {
            const [x, y] = [at % (width + 2), Math.floor(at / (width + 2))]
            if ((x < 1 || x > width || y < 1 || y > height) && code !== 0x20) throw new Error(`wrote at ${x},${y}`)
          })
        },
      ),
      { numRuns: 60 },
    )
  })
})
