import { describe, expect, it } from 'vitest'
import { createProfile } from '../../../audit/profile/build.ts'
import { bucketOf, histogramOf, type Probe } from '../../../probes/index.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { initialState } from '../../../ui/terminal/state.ts'
import { longParts, otherSide } from '../../../ui/terminal/tail.ts'
import { press } from '../../../ui/terminal/update.ts'
import { syntheticCatalog, syntheticRun } from '../../terminal/synthetic.ts'

const MS = 1e6
const { model } = syntheticRun(60)
const phase = model.phases[2]
if (!phase) throw new Error('the run has three phases')

/** 980 waits of 0.1 ms and 20 of 20 ms in `lock`; in `disk` none took 1 ms. */
const waits = [
  { frames: ['main', 'lock'], ns: 0.1 * MS, n: 980 },
  { frames: ['main', 'lock'], ns: 20 * MS, n: 20 },
  { frames: ['main', 'disk'], ns: 0.5 * MS, n: 400 },
]
const stalls = syntheticCatalog().get('stalls')
if (!stalls) throw new Error('the catalog has the probe')
const latency = histogramOf(
  waits.map(({ ns, n }) => [bucketOf(ns), n] as const),
  waits.reduce((sum, { ns, n }) => sum + ns * n, 0),
)
const over = (ms: number) => ({ name: `over-${ms}ms`, title: '', keep: () => true, histogram: 'all', leastNs: ms * MS })
const probe: Probe = {
  ...stalls,
  draw: {
    ...stalls.draw,
    histograms: () => [{ label: 'all', histogram: latency }],
    flame: {
      unit: 'ns',
      title: 'blocked time',
      views: [{ name: 'blocked', title: '', keep: () => true, histogram: 'all' }, over(1), over(10), over(100)],
    },
  },
}

const profileOf: Scene['profileOf'] = (_, __, view) => {
  const profile = createProfile('ns')
  const least = probe.draw.flame?.views.find(({ name }) => name === view)?.leastNs ?? 0
  for (const { frames, ns, n } of waits) if (ns >= least) profile.add(frames, ns * n, n, String(phase.id))
  return profile
}
const scene: Scene = {
  model,
  catalog: new Map([['stalls', probe]]),
  profileOf,
  state: { ...initialState, tab: 1 },
  live: false,
  title: '',
}

describe('a distribution and the stacks behind it', () => {
  it('leads from the p99 to the longest waits that reach it', () => {
    const numbers = { kind: 'numbers', name: 'numbers:all', title: 'all', histogram: 0 } as const
    // p99 is 20 ms: "100 ms and more" would leave it out, "1 ms and more" would mix others in.
    expect(otherSide(scene, probe, phase, numbers)?.name).toBe('flame:over-10ms')
    expect(otherSide(scene, probe, phase, { kind: 'flame', name: 'flame:over-10ms', title: '' })?.name).toBe(
      'numbers:all',
    )
  })

  it('is on the key t, there and back', () => {
    const at = (key: string, views: Record<string, string>) =>
      press({ ...scene, state: { ...scene.state, views } }, key, { width: 100, height: 30 }).state.views['stalls']
    expect(at('t', { stalls: 'numbers:all' })).toBe('flame:over-10ms')
    expect(at('t', { stalls: 'flame:over-10ms' })).toBe('numbers:all')
  })

  it('leads nowhere where a probe does not say what its stacks are behind', () => {
    const bare: Probe = { ...probe, draw: { ...probe.draw, flame: stalls.draw.flame } }
    const numbers = { kind: 'numbers', name: 'numbers:all', title: 'all', histogram: 0 } as const
    expect(otherSide(scene, bare, phase, numbers)).toBeNull()
    expect(otherSide(scene, bare, phase, { kind: 'flame', name: 'flame:blocked', title: '' })).toBeNull()
  })

  it('says how much of a frame was in long waits', () => {
    const lockNs = 980 * 0.1 * MS + 20 * 20 * MS
    expect(longParts(scene, probe, 'blocked', phase, ['main', 'lock'])).toEqual([
      { leastNs: 1 * MS, share: (400 * MS) / lockNs },
      { leastNs: 10 * MS, share: (400 * MS) / lockNs },
      { leastNs: 100 * MS, share: 0 },
    ])
    expect(longParts(scene, probe, 'over-1ms', phase, ['main', 'lock']).map(({ share }) => share)).toEqual([1, 0])
    expect(longParts(scene, probe, 'blocked', phase, ['main', 'nowhere'])).toEqual([])
  })
})
