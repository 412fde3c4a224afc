import { z } from 'zod'
import { createLineSplitter } from '../../../probes/index.ts'
import { isOfInterest, type MetricReader, type MetricRow } from './rows.ts'
import { parseTime } from './time.ts'

const pointSchema = z.object({
  type: z.literal('Point'),
  metric: z.string(),
  data: z.object({
    time: z.string(),
    value: z.number(),
    tags: z.record(z.string(), z.string()).nullish(),
  }),
})
const declarationSchema = z.object({ type: z.literal('Metric') })

/** A script may put a document into a tag. */
const LINE_LIMIT = 64 * 1024

/** k6's JSON (`--out json`): a line per value of each metric (`Point`), and one per metric before its first (`Metric`). */
export function createJsonReader(onRow: (row: MetricRow) => void): MetricReader {
  let skipped = 0
  const onLine = (line: string) => {
    // Key order is that of k6's writer; where it is another one the line is parsed to find out.
    const metric = /^\{"metric":"(\w+)"/.exec(line)?.[1]
    if (metric !== undefined && !isOfInterest(metric)) return
    const json = parse(line)
    const point = pointSchema.safeParse(json)
    const time = point.success ? parseTime(point.data.data.time) : null
    if (!point.success || time === null) {
      if (!declarationSchema.safeParse(json).success) skipped++
      return
    }
    if (!isOfInterest(point.data.metric)) return
    const tags = point.data.data.tags ?? {}
    onRow({
      metric: point.data.metric,
      unixMs: time.unixMs,
      value: point.data.data.value,
      tag: (name) => (Object.hasOwn(tags, name) ? (tags[name] ?? '') : ''),
    })
  }
  const lines = createLineSplitter(onLine, { limit: LINE_LIMIT, onDropped: () => skipped++ })
  return {
    write: (chunk) => lines.write(chunk),
    end: () => lines.end(),
    get skipped() {
      return skipped
    },
    wholeSeconds: false,
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null // counted as skipped
  }
}
