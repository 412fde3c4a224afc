import { expect, test } from 'vitest'
import { listeningPorts, parseListeners } from '../../../probes/host/listeners.ts'

test('only sockets that listen are read, on either address family', () => {
  // Captured: the first waits with three connections, the second is established, the third is an IPv6 listener.
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 55120 2 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C0DE 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000 20 4 30 10 -1
   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 61 1 0000000000000000 100 0 0 10 0
`
  expect(parseListeners(text, 'tcp')).toEqual([
    { port: 8080, address: '0100007F', inode: 55120, table: 'tcp', recvQ: 3, limit: null },
    { port: 80, address: '00000000000000000000000001000000', inode: 61, table: 'tcp', recvQ: 0, limit: null },
  ])
})

test.each(['', 'rubbish', '   0: 0100007F:1F90 00000000:0000 0A'])('%j holds no listener', (text) => {
  expect(parseListeners(text, 'tcp6')).toEqual([])
})

test('a process that is gone listens nowhere', () => {
  expect(listeningPorts([2 ** 22 + 1])).toEqual([])
})
