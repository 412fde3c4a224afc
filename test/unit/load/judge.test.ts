import { describe, expect, it } from 'vitest'
import { judgePhase, type PhaseLoad } from '../../../audit/load/judge.ts'

const good: PhaseLoad = { planned: 1000, sent: 1000, errors: {}, sendLagP99Ms: 1, generatorCpu: 0.1 }
const limits = { minAchieved: 0.95, maxSendLagP99Ms: 5, maxGeneratorCpu: 0.8 }

describe('a phase is valid', () => {
  it.each<[string, Partial<PhaseLoad>]>([
    ['when everything planned was sent', {}],
    ['at exactly 95 % of the plan', { sent: 950 }],
    ['with errors of the target', { errors: { status: 900, timeout: 50, reset: 3, connect_refused: 2 } }],
    ['when the target held every connection until requests ran out of time', { sent: 600, errors: { timeout: 400 } }],
    ['at the lag bound', { sendLagP99Ms: 5 }],
    ['busy, but in time', { generatorCpu: 0.99 }],
    ['when nobody knows its lateness, and it had CPU time to spare', { sendLagP99Ms: null, generatorCpu: 0.8 }],
    ['when the plan is not known', { planned: null, sent: 3 }],
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
    [
      'when it was busy and nobody knows its lateness',
      { sendLagP99Ms: null, generatorCpu: 0.81 },
      /busy: 81 %.*bound 80 %/,
    ],
    ['when local ports ran out', { errors: { EADDRNOTAVAIL: 1 } }, /local ports.*\(1 requests\)/],
    ['when descriptors ran out', { errors: { EMFILE: 2 } }, /file descriptors.*\(2 requests\)/],
    ['when others than those watched did the work', { lostProcesses: 2 }, /^2 watched processes ended, .*by port/],
    ['when the queue overflowed', { errors: { dropped: 7 } }, /never sent.*\(7 requests\)/],
  ])('%s', (_case, change, reason) => {
    const { valid, reasons } = judgePhase({ ...good, ...change }, limits)
    expect(valid).toBe(false)
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toMatch(reason)
  })

  it('with every reason that holds', () => {
    expect(
      judgePhase({ planned: 100, sent: 1, errors: { EMFILE: 1 }, sendLagP99Ms: 99, generatorCpu: 1 }, limits).reasons,
    ).toHaveLength(3)
  })
})
