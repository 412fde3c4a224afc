import type { SearchPhase } from '../plan/plan.ts'

/** One step of a search for capacity. */
export interface Trial {
  rps: number
  /** by whom the limits were broken; null: they were kept */
  brokenBy: 'target' | 'generator' | null
  /** what was measured, e.g. "p99 81 ms > 50 ms" */
  text: string
}

export interface Capacity {
  /** the highest rate that kept the thresholds, requests/s; null: not even the first did */
  keptRps: number | null
  /** what ended the search upwards; null: the plan's own highest rate was kept */
  brokenBy: Trial['brokenBy']
  /** a sentence for the log and the verdict */
  text: string
}

/** 1250/s, 800/s, 12.5/s. */
export const rateText = (rps: number): string => `${rps >= 100 ? Math.round(rps) : Number(rps.toPrecision(3))}/s`

/**
 * Looks for the highest rate that keeps the thresholds: the rate is doubled from `fromRps` to `toRps` until a trial
 * breaks, then halved in between until the answer is known to `precision`. `run` makes a trial, and says null when the load was
 * stopped; then there is no answer.
 */
export async function capacitySearch(
  { name, fromRps, toRps, precision }: SearchPhase,
  run: (rps: number) => Promise<Trial | null>,
  note: (text: string) => void,
): Promise<Capacity | null> {
  let kept: Trial | null = null
  let broken: Trial | null = null
  let nextRps = Math.min(fromRps, toRps)
  for (;;) {
    const trial = await run(nextRps)
    if (!trial) return null
    note(`${name}: ${rateText(trial.rps)} ${trial.brokenBy === null ? 'kept' : 'broken'}: ${trial.text}`)
    if (trial.brokenBy === null) kept = trial
    else broken = trial
    if (!broken) {
      if (nextRps >= toRps) break
      nextRps = Math.min(nextRps * 2, toRps)
    } else {
      if (!kept || broken.rps - kept.rps <= kept.rps * precision) break
      // Whole requests/s are precise enough, and end the halving.
      nextRps = Math.round((kept.rps + broken.rps) / 2)
      if (nextRps <= kept.rps || nextRps >= broken.rps) break
    }
  }
  return { keptRps: kept?.rps ?? null, brokenBy: broken?.brokenBy ?? null, text: `${name}: ${sentence(kept, broken)}` }
}

function sentence(kept: Trial | null, broken: Trial | null): string {
  if (!kept) {
    if (broken?.brokenBy === 'generator')
      return `no answer: at ${rateText(broken.rps)} already the generator was the bottleneck (${broken.text})`
    return `not even ${rateText(broken?.rps ?? 0)} keeps the thresholds (${broken?.text})`
  }
  const rate = rateText(kept.rps)
  if (!broken) return `${rate}, the highest rate of the plan, keeps the thresholds (${kept.text})`
  const next = rateText(broken.rps)
  return broken.brokenBy === 'generator'
    ? `at least ${rate} (${kept.text}); at ${next} the generator was the bottleneck (${broken.text})`
    : `${rate} keeps the thresholds (${kept.text}), ${next} does not (${broken.text})`
}
