import type { RunModel, ThresholdResult } from '../../audit/index.ts'
import { formatMs, formatPercent, UNKNOWN } from './format.ts'
import type { PhaseRow } from './phase-row.ts'

const NAMES = ['p50', 'p99', 'p999', 'errors'] as const

/** What the plan asks of the phases, one row per limit: kept or not; `–` where nothing can be said. */
export function limitRows(model: RunModel): PhaseRow[] {
  const results = new Map(model.summary?.phases.map(({ id, thresholds = [] }) => [id, thresholds]))
  return NAMES.flatMap((name): PhaseRow[] => {
    const own = (id: number) => results.get(id)?.find((result) => result.name === name)
    const limits = new Set([...results.keys()].flatMap((id) => own(id)?.limit ?? []))
    const [limit] = limits
    if (limit === undefined) return []
    const what = limits.size === 1 ? limitText({ name, limit }) : 'its limit'
    return [
      {
        label: `${labelOf(name)} within ${what}`,
        group: 'Limits',
        cell: ({ id }) => ({ text: answerOf(own(id)), ratio: null }),
      },
    ]
  })
}

const answerOf = (result: ThresholdResult | undefined): string =>
  result === undefined || result.kept === null ? UNKNOWN : result.kept ? 'yes' : 'NO'

const labelOf = (name: ThresholdResult['name']): string => (name === 'p999' ? 'p99.9' : name)

const limitText = ({ name, limit }: Pick<ThresholdResult, 'name' | 'limit'>): string =>
  name === 'errors' ? formatPercent(limit * 100) : formatMs(limit)
