import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createDescriptors, judgeDatagrams, judgeStreams, judgeUnix } from '../../../probes/host/descriptor.ts'

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 101 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0 20 4 30 10 -1`

test('a connection of a port that is listened on was accepted, the other end has connected', () => {
  expect(judgeStreams(TCP)).toEqual([
    [100, 'accepted'],
    [101, 'accepted'],
    [102, 'connected'],
  ])
})

test('a datagram socket that is connected to nobody is a server’s', () => {
  const line = (remote: string, inode: number) => `  12: 0100007F:0035 ${remote} 07 0:0 00:0 0  0  0 ${inode} 2 0 0`
  expect(judgeDatagrams(`${line('00000000:0000', 7)}\n${line('0100007F:0035', 8)}`)).toEqual([
    [7, 'accepted'],
    [8, 'connected'],
  ])
})

test('of sockets on this host only those with a name were accepted for certain', () => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
0: 00000003 00000000 00000000 0001 03 20 /run/api.sock
0: 00000003 00000000 00000000 0001 03 21`
  expect(judgeUnix(text)).toContainEqual([20, 'accepted'])
  expect(judgeUnix(text).some(([inode]) => inode === 21)).toBe(false)
})

test('descriptors of a living process are told', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'descriptor-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = openSync(join(directory, 'a'), 'w')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const accepted = once(server, 'connection')
  const client = connect(port, '127.0.0.1')
  await Promise.all([once(client, 'connect'), accepted])
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const fdOf = (socket: object): number =>
    Number((Reflect.get(socket, '_handle') as { fd?: number } | undefined)?.fd ?? -1)
  const describe = createDescriptors()
  expect(describe(process.pid, fdOf(client))).toBe('connected')
  expect(describe(process.pid, file)).toBe('file')
  expect(describe(process.pid, 1_000_000)).toBe('unknown')
})
