import type { PRESETS } from './schema.ts'

export type Preset = (typeof PRESETS)[number]

/** A phase as a plan would write it. */
export interface PresetPhase {
  name: string
  duration: string
  rate: string | 0
}

/**
 * The course that the guides of the trade prescribe, and the same in a minute for a first look or CI. Recovery sends a
 * tenth of the peak: enough requests to see whether latency is back where it was, too few to hold a queue up.
 */
export const presets: Readonly<Record<Preset, readonly PresetPhase[]>> = {
  quick: course(['5s', '5s', '15s', '15s', '5s', '15s']),
  standard: course(['1m', '30s', '5m', '15m', '1m', '4h']),
}

function course([idle, warmup, baseline, stress, recovery, soak]: readonly [
  idle: string,
  warmup: string,
  baseline: string,
  stress: string,
  recovery: string,
  soak: string,
]): PresetPhase[] {
  return [
    { name: 'idle', duration: idle, rate: 0 },
    { name: 'warmup', duration: warmup, rate: '100%' },
    { name: 'baseline', duration: baseline, rate: '100%' },
    { name: 'stress', duration: stress, rate: '200%' },
    { name: 'recovery', duration: recovery, rate: '10%' },
    { name: 'soak', duration: soak, rate: '80%' },
  ]
}
