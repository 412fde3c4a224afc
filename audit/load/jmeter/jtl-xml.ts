import type { SampleReader, SampleSink } from '../follow/wall-sample.ts'
import { isTransaction, type JtlRow, jtlRowReader } from './jtl-row.ts'
import { createXmlScanner } from './xml.ts'

const SAMPLES = new Set(['sample', 'httpSample'])
/** Redirects, embedded resources and controllers nest a few deep; what is deeper is not JMeter's. */
const DEPTH_LIMIT = 256

/**
 * Reads a JTL written as XML, which has no end while JMeter runs. Samples nest: redirects and embedded resources are parts
 * of the request around them, which counts once, whole; a transaction is no request, and those in it count.
 */
export function createJtlXmlReader(sink: SampleSink): SampleReader {
  const read = jtlRowReader(sink)
  /** for each open sample: whether it, or one around it, is a request that counts */
  const counted: boolean[] = []
  let tooDeep = 0

  return createXmlScanner({
    open(name, attributes) {
      if (!SAMPLES.has(name)) return
      if (counted.length >= DEPTH_LIMIT) {
        tooDeep++
        return
      }
      const isPart = counted.at(-1) === true
      const row: JtlRow = {
        timeStamp: attributes.get('ts'),
        elapsed: attributes.get('t'),
        connect: attributes.get('ct'),
        responseCode: attributes.get('rc'),
        responseMessage: attributes.get('rm'),
        failureMessage: undefined,
        threadName: attributes.get('tn'),
        success: attributes.get('s'),
      }
      const isRequest = !isPart && !isTransaction(row)
      counted.push(isPart || isRequest)
      if (isRequest) read(row)
    },
    close(name) {
      if (!SAMPLES.has(name)) return
      if (tooDeep > 0) tooDeep--
      else counted.pop()
    },
    skipped: (what) => sink.skipped(what),
  })
}
