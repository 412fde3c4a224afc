import { LIMITS } from '../limits.ts'
import { createHdr, createHdrReader, type Hdr, type HdrCounts, sumHdr } from '../load/hdr.ts'
import type { LoadRecord } from '../recording/format.ts'
import type { LoadPercentiles, LoadPhase, LoadSpan } from './run.ts'

/** `null`: the generator cannot tell */
export interface LoadHistograms<Histogram> {
  response: Histogram
  service: Histogram | null
  sendLag: Histogram | null
}

/** A shorter slice has no rate: what it counts belongs to the end of the one before. */
const SHORTEST_RATE_US = 200_000

/** Adds a slice to the history of its phase; `keep` bounds that. */
export function addSpan(
  history: LoadSpan[],
  record: LoadRecord,
  own: LoadPercentiles,
  keep: (next: LoadSpan, merge: (a: LoadSpan, b: LoadSpan) => LoadSpan) => void,
): void {
  const errors = Object.values(record.errors).reduce((a, b) => a + b, 0)
  const before = history.at(-1)
  if (before && record.end_us - record.start_us < SHORTEST_RATE_US && record.end_us > before.startUs) {
    const counted = (before.rps * (before.endUs - before.startUs)) / 1e6 + record.done
    before.endUs = Math.max(before.endUs, record.end_us)
    before.rps = (counted * 1e6) / (before.endUs - before.startUs)
    before.errors += errors
    before.response = together(before.response, [record.hist.response])
    return
  }
  const seconds = Math.max(1, record.end_us - record.start_us) / 1e6
  const span: LoadSpan = {
    startUs: record.start_us,
    endUs: record.end_us,
    rps: record.done / seconds,
    targetRps: record.target_rps,
    p50Ms: own.p50,
    p99Ms: own.p99,
    errors,
    response: [record.hist.response],
  }
  keep(span, bothSpans)
}

/** More of them are added up at once: a span of a long run would keep thousands. */
const MOST_TEXTS = 64

const together = (a: readonly string[], b: readonly string[]): readonly string[] =>
  a.length + b.length < MOST_TEXTS ? [...a, ...b] : [sumHdr([...a, ...b]).encode()]

function bothSpans(a: LoadSpan, b: LoadSpan): LoadSpan {
  const [aUs, bUs] = [a.endUs - a.startUs, b.endUs - b.startUs]
  const rate = (read: (span: LoadSpan) => number) => (read(a) * aUs + read(b) * bUs) / Math.max(1, aUs + bUs)
  const response = together(a.response, b.response)
  let known: LoadPercentiles | null = null
  const percentiles = () => {
    known ??= sumHdr(response).percentiles()
    return known
  }
  return {
    startUs: a.startUs,
    endUs: b.endUs,
    rps: rate((span) => span.rps),
    targetRps: a.targetRps === null && b.targetRps === null ? null : rate((span) => span.targetRps ?? 0),
    // Worked out when a lane is drawn.
    get p50Ms() {
      return percentiles().p50
    },
    get p99Ms() {
      return percentiles().p99
    },
    errors: a.errors + b.errors,
    response,
  }
}

export function plannedBy(load: LoadPhase | null, { target_rps, start_us, end_us }: LoadRecord): number | null {
  if (target_rps === null) return load?.planned ?? null
  return (load?.planned ?? 0) + (target_rps * (end_us - start_us)) / 1e6
}

export const addSlice = (
  sum: LoadHistograms<Hdr> | undefined,
  slice: LoadHistograms<HdrCounts>,
): LoadHistograms<Hdr> => ({
  response: added(sum?.response ?? null, slice.response) ?? createHdr(),
  service: added(sum?.service ?? null, slice.service),
  sendLag: added(sum?.sendLag ?? null, slice.sendLag),
})

function added(sum: Hdr | null, counts: HdrCounts | null): Hdr | null {
  if (counts === null) return sum
  const into = sum ?? createHdr()
  into.add(counts)
  return into
}

// One for each: a slice is added only when all of its histograms could be read.
const read = { response: createHdrReader(), service: createHdrReader(), sendLag: createHdrReader() }

export function histogramsOf({ hist }: LoadRecord): LoadHistograms<HdrCounts> | null {
  const longest = Math.max(hist.response.length, hist.service?.length ?? 0, hist.send_lag?.length ?? 0)
  if (longest > LIMITS.histogramText.most) return null
  try {
    return {
      response: read.response(hist.response),
      service: hist.service === null ? null : read.service(hist.service),
      sendLag: hist.send_lag === null ? null : read.sendLag(hist.send_lag),
    }
  } catch {
    return null // damaged: the text is no histogram
  }
}
