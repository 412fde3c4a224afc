import { describe, expect, it } from 'vitest'
import { sumHdr } from '../../../audit/load/hdr.ts'
import type { Outcome } from '../../../audit/load/outcome.ts'
import { openTally } from '../../../audit/load/tally.ts'

const responsesAfter = (outcome: Outcome) => {
  const tally = openTally(1, false)
  tally.send(false)
  tally.decide(outcome, 50, 40)
  const { hist, errors, done } = tally.cut()
  return { response: sumHdr([hist.response]).total, service: sumHdr([hist.service]).total, errors, done }
}

describe('latency', () => {
  it.each<[Outcome, number]>([
    ['ok', 1],
    ['status', 1],
    ['body', 1],
    ['timeout', 1],
    ['connect_refused', 0],
    ['reset', 0],
    ['EADDRNOTAVAIL', 0],
  ])('of a request that ended %s enters the histograms %i times', (outcome, times) => {
    expect(responsesAfter(outcome)).toEqual({
      response: times,
      service: times,
      errors: outcome === 'ok' ? {} : { [outcome]: 1 },
      done: 1,
    })
  })

  it('of a request that timed out unsent is a response without a service', () => {
    const tally = openTally(1, false)
    tally.enqueue()
    tally.decide('timeout', 1000, null)
    const cut = tally.cut()
    expect(sumHdr([cut.hist.response]).total).toBe(1)
    expect(sumHdr([cut.hist.service]).total).toBe(0)
    expect(cut).toMatchObject({ sent: 0, done: 1, queued: 0, errors: { timeout: 1 } })
  })
})

it('reports each event in one cut only, and all of them in the totals', () => {
  const tally = openTally(7, false)
  tally.plan(3)
  tally.send(false)
  tally.drop()
  expect(tally.cut()).toMatchObject({ planned: 3, sent: 1, done: 0, inFlight: 1, errors: { dropped: 1 } })
  expect(tally.dirty).toBe(false)
  tally.decide('status', 1, 1)
  expect(tally.dirty).toBe(true)
  expect(tally.cut()).toMatchObject({ planned: 0, sent: 0, done: 1, inFlight: 0, errors: { status: 1 } })
  expect(tally.totals()).toEqual({ planned: 3, sent: 1, done: 1, errors: { dropped: 1, status: 1 } })
})
