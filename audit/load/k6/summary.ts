import { z } from 'zod'
import { hideSecrets, sanitizeText } from '../../../probes/index.ts'

export interface K6Threshold {
  /** e.g. `http_req_duration{scenario:stress}: p(99)<50`; safe to show */
  text: string
  failed: boolean
  /** nothing was ever measured under it: k6 passes such thresholds */
  onNothing: boolean
}

/**
 * Thresholds stand in both summaries of k6, told in opposite ways: `{"ok": true}` of handleSummary means kept, the bare
 * `true` of --summary-export means crossed (k6 issue 1498).
 */
const thresholdsSchema = z.record(z.string(), z.union([z.boolean(), z.object({ ok: z.boolean() })]))
const metricSchema = z.looseObject({ thresholds: thresholdsSchema.nullish() })
const summarySchema = z.object({ metrics: z.record(z.string(), metricSchema) })

/** Thresholds of an end-of-test summary, --summary-export or handleSummary; null when the text is neither. */
export function thresholdsOf(text: string): K6Threshold[] | null {
  const summary = summarySchema.safeParse(parse(text))
  if (!summary.success) return null
  return Object.entries(summary.data.metrics).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).map(([condition, told]) => ({
      text: sanitizeText(`${hideSecrets(name)}: ${condition}`, { maxLength: 200 }),
      failed: typeof told === 'boolean' ? told : !told.ok,
      onNothing: isEmpty(name, metric),
    })),
  )
}

const countsSchema = z.object({
  count: z.number().nullish(),
  passes: z.number().nullish(),
  fails: z.number().nullish(),
})

/**
 * A metric that counts something and counted nothing. Zero drops of a scenario are no lack of data, but drops carry no tag
 * other than `scenario`: asked for by any other they are always zero.
 */
function isEmpty(name: string, metric: z.output<typeof metricSchema>): boolean {
  const told = countsSchema.safeParse('values' in metric ? metric['values'] : metric)
  if (!told.success) return false
  const { count, passes, fails } = told.data
  if (name.startsWith('dropped_iterations')) return count === 0 && /\{(?!scenario:[^,}]*\})/.test(name.slice(0, 1024))
  return typeof passes === 'number' && typeof fails === 'number' ? passes + fails === 0 : count === 0
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // no summary: the caller says so
  }
}
