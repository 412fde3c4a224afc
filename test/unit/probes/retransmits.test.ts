import { describe, expect, test } from 'vitest'
import { retransmits } from '../../../probes/catalog/retransmits.ts'
import { mergeData } from '../../../probes/record.ts'
import { decodeWith, type RowsByMap, windowOf } from './subjects.ts'

const decode = (rows: RowsByMap, counters: Record<string, number> | null = null) =>
  decodeWith(retransmits, 'tracepoint', windowOf(rows), { counters }).data
const segment = (from: string, to: string, state = 1, n = 1) =>
  decode({ resent_segments: [[[40_000, 443, state, 0, from, to], n]] }).flows[0]

const ESTABLISHED = 1
const SYN_SENT = 2
const ownOf = (from: number, to: number, local: string, remote: string, connected = 0) =>
  decodeWith(
    retransmits,
    'tracepoint',
    windowOf({ resent_segments: [[[from, to, ESTABLISHED, connected, local, remote], 1]] }),
    { connections: new Set(['33000>5432']) },
  ).data.flows[0]?.own

describe('retransmits', () => {
  test('count segments as RetransSegs does: data, SYNs and SYN-ACKs together', () => {
    const data = decode({
      resent_segments: [
        [[40_000, 443, ESTABLISHED, 0, '10.0.0.1', '10.0.0.2'], 7],
        [[40_001, 443, SYN_SENT, 1, '10.0.0.1', '10.0.0.2'], 2],
      ],
      resent_synacks: [[[8080, 50_000, '10.0.0.1', '10.0.0.9'], 3]],
    })
    expect(data).toMatchObject({ segments: 12, syn: 2, synack: 3, own: { segments: 5, syn: 2, synack: 3 } })
    expect(data.flows).toEqual([
      { local: '10.0.0.1:40000', remote: '10.0.0.2:443', state: 'ESTABLISHED', count: 7, own: false },
      { local: '10.0.0.1:8080', remote: '10.0.0.9:50000', state: 'SYN_RECV', count: 3, own: true },
      { local: '10.0.0.1:40001', remote: '10.0.0.2:443', state: 'SYN_SENT', count: 2, own: true },
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

  test.each<[string, Parameters<typeof ownOf>, boolean]>([
    ['of a connection that it serves', [8080, 50_000, '10.0.0.1', '10.0.0.9'], true],
    ['of one that it made after the attach', [40_000, 5432, '10.0.0.1', '10.0.0.9', 1], true],
    ['of one that it had at the attach', [33_000, 5432, '10.0.0.1', '10.0.0.9'], true],
    ['of a client on the same host, to it', [50_000, 8080, '127.0.0.1', '127.0.0.1'], true],
    ['of the same over the host’s own address', [50_000, 8080, '10.0.0.1', '10.0.0.1'], true],
    ['of the same over IPv6', [50_000, 8080, '::1', '::1'], true],
    ['of somebody else, to the same port of another host', [50_000, 8080, '10.0.0.1', '10.0.0.9'], false],
    ['of somebody else', [50_000, 443, '10.0.0.1', '10.0.0.9'], false],
  ])('are the target’s own if they are %s', (_, flow, own) => {
    expect(ownOf(...flow)).toBe(own)
  })

  test('name both ends first of the target’s own, whoever has most', () => {
    const data = decode({
      resent_segments: [
        [[50_000, 443, ESTABLISHED, 0, '10.0.0.1', '10.0.0.2'], 900],
        [[8080, 51_000, ESTABLISHED, 0, '10.0.0.1', '10.0.0.3'], 2],
      ],
    })
    const scope = { durationUs: 1e6, requests: null }
    const rows = retransmits.draw.table?.rows(data, scope).map(({ local, whose }) => [local, whose])
    expect(rows).toEqual([
      ['10.0.0.1:8080', 'the target’s'],
      ['10.0.0.1:50000', 'another’s'],
    ])
    const values = Object.fromEntries(retransmits.draw.figures(data, scope).map(({ key, value }) => [key, value]))
    expect(values).toMatchObject({ segments: 2, elsewhere: 900 })
  })

  test('of a recording that does not tell whose they are stay those of the namespace', () => {
    const old = { segments: 7, syn: 1, synack: 0, loss_probes: null, flows: [] }
    const values = retransmits.draw.figures(old, { durationUs: 1e6, requests: null })
    expect(values.filter(({ key }) => ['segments', 'elsewhere'].includes(key)).map(({ value }) => value)).toEqual([
      7,
      null,
    ])
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
      { resent_segments: [[[40_000, 443, ESTABLISHED, 0, '10.0.0.1', '10.0.0.2'], 7]] },
      { 'TcpExt.TCPLossProbes': 1 },
    )
    const other = decode({ resent_segments: [[[40_000, 443, SYN_SENT, 0, '10.0.0.1', '10.0.0.2'], 9]] })
    const sum = mergeData(retransmits.record, mergeData(retransmits.record, one, one), other)
    expect(sum).toMatchObject({ segments: 23, syn: 9, loss_probes: 2 })
    expect(sum.flows.map(({ state, count }) => [state, count])).toEqual([
      ['ESTABLISHED', 14],
      ['SYN_SENT', 9],
    ])
  })
})
