import { describe, expect, it } from 'vitest'
import { profileOf, type RunModel } from '../../../audit/index.ts'
import { layoutOf } from '../../../ui/terminal/layout.ts'
import { point } from '../../../ui/terminal/point.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState, type ScreenState } from '../../../ui/terminal/state.ts'
import { press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'
import { screen } from './screen-text.ts'

const { model } = syntheticRun(60)
const catalog = syntheticCatalog()
const SYSTEM = 4
const [IDLE, BASELINE, STRESS] = [0, 1, 2]

const sceneOf = (state: Partial<ScreenState> = {}, some: Partial<Scene> = {}): Scene => ({
  ...{ model, catalog, live: true, title: 'run.ndjson' },
  profileOf: (_, probe, view) => profileOf(model, probe, view),
  state: { ...initialState, ...state },
  ...some,
})

/** The state after keys. */
const pressed = (keys: string, from: Partial<ScreenState> = {}, some: Partial<Scene> = {}): ScreenState =>
  [...keys].reduce(
    (state, key) => press(sceneOf(state, some), key, { width: 120, height: 30 }).state,
    sceneOf(from).state,
  )

/** The same run, and another phase after its worst, which is as its baseline was; it is over. */
const recovered = (): RunModel => {
  const [, baseline, stress] = model.phases
  if (!baseline || !stress) throw new Error('there are three phases')
  const endUs = 60e6
  const last = { ...baseline, id: 3, name: 'recovery', kind: 'recovery', startUs: endUs, endUs: endUs + 20e6 }
  return {
    ...model,
    phases: [...model.phases.slice(0, 2), { ...stress, endUs }, last],
    current: last,
    end: { type: 'end', reason: 'done', exit_code: 0, verdict: '' },
  }
}

describe('f', () => {
  it('goes to the place of the first reason, compared with the baseline', () => {
    expect(pressed('f')).toMatchObject({ tab: SYSTEM, compare: BASELINE, phaseId: null })
  })

  it('goes on to the next, and round; F goes back', () => {
    const tabs = (keys: string) => pressed(keys).tab
    expect(['f', 'ff', 'fff', 'ffff', 'fffff'].map(tabs)).toEqual([SYSTEM, 1, 3, 2, SYSTEM])
    expect(['F', 'FF', 'fF', 'ffF'].map(tabs)).toEqual([2, 3, 2, SYSTEM])
  })

  it('selects the stack in which most has grown', () => {
    const { flames, views } = pressed('fff')
    expect(views).toMatchObject({ stalls: 'flame:blocked' })
    expect(flames['stalls']?.selected.slice(0, 2)).toEqual(['main', 'worker_main'])
  })

  it.each([
    ['before the baseline', IDLE],
    ['with the baseline itself', BASELINE],
  ])('goes to the worst phase from a phase %s', (_, phaseId) => {
    expect(pressed('f', { phaseId })).toMatchObject({ tab: SYSTEM, phaseId: STRESS, compare: BASELINE })
  })

  it('stays with a phase that was chosen, where anything stands out in it', () => {
    const run = recovered()
    expect(pressed('f', { phaseId: STRESS }, { model: run, live: false }).phaseId).toBe(STRESS)
  })

  it('goes to the worst phase when the run is over and none was chosen', () => {
    const run = recovered()
    const state = pressed('f', {}, { model: run })
    expect(state).toMatchObject({ tab: SYSTEM, phaseId: STRESS })
    const scene = sceneOf({}, { model: run })
    expect(screen(scene, 120, 40).at(-2)).toMatch(/^ ▲ stress is worst: response p99 39\.2 ms .* f shows it: 5 System$/)
  })

  it('says what was compared where nothing stands out', () => {
    const run = recovered()
    const calm = { ...run, phases: run.phases.filter(({ name }) => name !== 'stress') }
    const state = pressed('f', {}, { model: calm, live: false })
    expect([state.tab, state.hands.message?.text]).toEqual([
      0,
      'nothing stands out in recovery against baseline: compared are errors, response p99, response p50, 4 figures of probes',
    ])
    expect(screen(sceneOf({}, { model: calm, live: false }), 120, 40).at(-1)).not.toContain('f why')
  })

  it('is a click on a line of what stands out', () => {
    const scene = sceneOf()
    const y = screen(scene, 120, 40).findIndex((row) => row.startsWith(' 2 Waits '))
    const click = { kind: 'press', button: 'left', x: 20, y } as const
    const { state } = point(scene, click, layoutOf({ columns: 120, rows: 40 }))
    expect(state).toMatchObject({ tab: 1, compare: BASELINE })
  })
})

describe('the line', () => {
  const line = (keys: string, columns = 120, from: Partial<ScreenState> = {}) =>
    screen(sceneOf(pressed(keys, from)), columns, 40).at(-2)

  it('names the way to the proof, and there the way on', () => {
    expect(line('')).toMatch(/overflows, namespace 245 .* f shows it: 5 System$/)
    expect(line('f')).toBe(
      ' ▲ stress, 1 of 4: overflows, namespace 245 (0 in baseline)   e exports it   f next: 2 Waits',
    )
    expect(line('ff')).toMatch(/^ ▲ stress, 2 of 4: Waits waited mean 10\.5 ms .* e exports it {3}f next: 4 Stalls$/)
  })

  it('keeps the way where there is no room for all it says', () => {
    for (let columns = 68; columns <= 200; columns++) expect(line('', columns)).toMatch(/ f shows it/)
  })

  it.each([
    [120, 'what stands out in a list', true],
    [80, 'no list, where lanes and table need the room', false],
  ])('has at %i columns %s', (columns, _, isListed) => {
    const rows = screen(sceneOf(), columns, columns === 120 ? 40 : 24)
    expect(rows.some((row) => row.includes('What stands out in stress'))).toBe(isListed)
  })

  it('marks the worst phase in the table, and in the header when it is looked at', () => {
    const run = recovered()
    const rows = screen(sceneOf({ phaseId: STRESS }, { model: run, live: false }), 120, 40)
    expect(rows[0]).toContain('stress 3/4 ▲ worst')
    expect(rows.some((row) => /baseline +▲ stress +recovery/.test(row))).toBe(true)
    expect(screen(sceneOf({ phaseId: BASELINE }, { model: run, live: false }), 120, 40)[0]).not.toContain('worst')
  })
})

describe('enter in the question of e', () => {
  it('takes the first file', () => {
    const asked = pressed('fffe')
    expect(asked.prompt?.kind).toBe('export')
    const { state, effect } = press(sceneOf(asked), 'enter', { width: 120, height: 30 })
    expect([state.prompt, effect]).toEqual([null, { do: 'export', kind: 'flame' }])
  })
})
