import { describe, expect, it } from 'vitest'
import { errorShare, judgePhase, type PhaseLoad } from '../../../audit/load/judge.ts'

const good: PhaseLoad = { planned: 1000, sent: 1000, errors: {}, sendLagP99Ms: 1 }
const limits = { minAchieved: 0.95, maxSendLagP99Ms: 5 }

describe('a phase is valid', () => {
  it.each<[string, Partial<PhaseLoad>]>([
    ['when everything planned was sent', {}],
    ['at exactly 95 % of the plan', { sent: 950 }],
    ['with errors of the target', { errors: { status: 900, timeout: 50, reset: 3, connect_refused: 2 } }],
    ['at the lag bound', { sendLagP99Ms: 5 }],
    ['when idle', { planned: 0, sent: 0, sendLagP99Ms: null }],
  ])('%s', (_case, change) => {
    expect(judgePhase({ ...good, ...change }, limits)).toEqual({ valid: true, reasons: [] })
  })
})

describe('a phase is invalid, and says why,', () => {
  it.each<[string, Partial<PhaseLoad>, RegExp]>([
    ['below 95 % of the plan', { sent: 949 }, /94\.9 % of the planned requests were sent \(949 of 1000\)/],
    ['when nothing was sent', { sent: 0, sendLagP99Ms: null }, /only 0\.0 %/],
    ['when the generator was late', { sendLagP99Ms: 5.1 }, /send lag p99 5\.1 ms, bound 5 ms/],
    ['when local ports ran out', { errors: { EADDRNOTAVAIL: 1 } }, /local ports.*\(1 requests\)/],
    ['when descriptors ran out', { errors: { EMFILE: 2 } }, /file descriptors.*\(2 requests\)/],
    ['when the queue overflowed', { errors: { dropped: 7 } }, /queue.*\(7 requests\)/],
  ])('%s', (_case, change, reason) => {
    const { valid, reasons } = judgePhase({ ...good, ...change }, limits)
    expect(valid).toBe(false)
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toMatch(reason)
  })

  it('with every reason that holds', () => {
    expect(judgePhase({ planned: 100, sent: 1, errors: { EMFILE: 1 }, sendLagP99Ms: 99 }, limits).reasons).toHaveLength(
      3,
    )
  })
})

describe('the share of errors', () => {
  it.each([
    [0, {}, null],
    [100, {}, 0],
    [100, { status: 2, timeout: 3 }, 0.05],
    [90, { dropped: 10 }, 0.1],
  ])('of %i decided with %o is %s', (done, errors, share) => {
    expect(errorShare(done, errors)).toBe(share)
  })
})
