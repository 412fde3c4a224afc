import { expect, test } from 'vitest'
import { netnsInode, parseNetstat, readNetnsCounters } from '../../../probes/host/netns.ts'

test('counters are named by their group', () => {
  const text = `TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPSynRetrans
TcpExt: 0 17 34 1
IpExt: InNoRoutes InOctets
IpExt: 0 9007199254740991
Tcp: RtoAlgorithm MaxConn RetransSegs
Tcp: 1 -1 21
`
  expect(parseNetstat(text)).toEqual({
    'TcpExt.SyncookiesSent': 0,
    'TcpExt.ListenOverflows': 17,
    'TcpExt.ListenDrops': 34,
    'TcpExt.TCPSynRetrans': 1,
    'IpExt.InNoRoutes': 0,
    'IpExt.InOctets': 9007199254740991,
    'Tcp.RtoAlgorithm': 1,
    'Tcp.MaxConn': -1,
    'Tcp.RetransSegs': 21,
  })
})

test.each([
  ['nothing', '', {}],
  ['names without values', 'TcpExt: A B\n', {}],
  ["another group's values", 'TcpExt: A\nIpExt: 1\n', {}],
  ['fewer values than names', 'TcpExt: A B\nTcpExt: 1\n', { 'TcpExt.A': 1 }],
  ['a value that is no number', 'TcpExt: A B\nTcpExt: x 2\n', { 'TcpExt.B': 2 }],
  ['a stray line', 'rubbish\nTcp: A\n', {}],
])('%s counts nothing that was not there', (_, text, expected) => {
  expect(parseNetstat(text)).toEqual(expected)
})

test('a process shows the counters of its namespace, a dead one none', () => {
  const counters = readNetnsCounters(process.pid)
  expect(counters).toMatchObject({
    'TcpExt.ListenOverflows': expect.any(Number),
    'TcpExt.ListenDrops': expect.any(Number),
    'Tcp.RetransSegs': expect.any(Number),
  })
  expect(netnsInode(process.pid)).toBeGreaterThan(0)
  expect(readNetnsCounters(2 ** 22 + 1)).toBeNull()
  expect(netnsInode(2 ** 22 + 1)).toBeNull()
})
