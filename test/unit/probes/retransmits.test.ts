import { describe, expect, test } from 'vitest'
import { retransmits } from '../../../probes/catalog/retransmits.ts'
import { mergeData } from '../../../probes/record.ts'
import { decodeWith, type RowsByMap, windowOf } from './subjects.ts'

const decode = (rows: RowsByMap, counters: Record<string, number> | null = null) =>
  decodeWith(retransmits, 'tracepoint', windowOf(rows), { counters }).data
const segment = (from: string, to: string, state = 1, n = 1) =>
  decode({ resent_segments: [[[40_000, 443, state, from, to], n]] }).flows[0]

const ESTABLISHED = 1
const SYN_SENT = 2

describe('retransmits', () => {
  test('count segments as RetransSegs does: data, SYNs and SYN-ACKs together', () => {
    const data = decode({
      resent_segments: [
        [[40_000, 443, ESTABLISHED, '10.0.0.1', '10.0.0.2'], 7],
        [[40_001, 443, SYN_SENT, '10.0.0.1', '10.0.0.2'], 2],
      ],
      resent_synacks: [[[8080, 50_000, '10.0.0.1', '10.0.0.9'], 3]],
    })
    expect(data).toMatchObject({ segments: 12, syn: 2, synack: 3 })
    expect(data.flows).toEqual([
      { local: '10.0.0.1:40000', remote: '10.0.0.2:443', state: 'ESTABLISHED', count: 7 },
      { local: '10.0.0.1:8080', remote: '10.0.0.9:50000', state: 'SYN_RECV', count: 3 },
      { local: '10.0.0.1:40001', remote: '10.0.0.2:443', state: 'SYN_SENT', count: 2 },
    ])
  })

  test.each([
    ['IPv4', '10.0.0.1', '10.0.0.1:40000'],
    ['IPv6, in brackets', 'fe80::1', '[fe80::1]:40000'],
    ['IPv4 inside IPv6, as what it is', '::ffff:10.0.0.1', '10.0.0.1:40000'],
    ['IPv4 inside IPv6, upper case', '::FFFF:10.0.0.1', '10.0.0.1:40000'],
    ['nothing at all', '::', '[::]:40000'],
  ])('name both ends: %s', (_, address, end) => {
    expect(segment(address, address)).toMatchObject({ local: end, remote: end.replace('40000', '443') })
  })

  test('keep the number of a state they do not know', () => {
    expect(segment('10.0.0.1', '10.0.0.2', 77)?.state).toBe('77')
  })

  test('tell loss probes from the counters of the namespace; unreadable is unknown, not none', () => {
    expect(decode({}, { 'TcpExt.TCPLossProbes': 4 }).loss_probes).toBe(4)
    expect(decode({}, {}).loss_probes).toBeNull()
    expect(decode({}).loss_probes).toBeNull()
  })

  test('add up over windows by flow and state', () => {
    const one = decode(
      { resent_segments: [[[40_000, 443, ESTABLISHED, '10.0.0.1', '10.0.0.2'], 7]] },
      { 'TcpExt.TCPLossProbes': 1 },
    )
    const other = decode({ resent_segments: [[[40_000, 443, SYN_SENT, '10.0.0.1', '10.0.0.2'], 9]] })
    const sum = mergeData(retransmits.record, mergeData(retransmits.record, one, one), other)
    expect(sum).toMatchObject({ segments: 23, syn: 9, loss_probes: 2 })
    expect(sum.flows.map(({ state, count }) => [state, count])).toEqual([
      ['ESTABLISHED', 14],
      ['SYN_SENT', 9],
    ])
  })
})
