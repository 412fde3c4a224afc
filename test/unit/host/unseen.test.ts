import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connectionsOf, parseConnections, waitingIn } from '../../../probes/host/connections.ts'
import { acceptsByRing, RING_ACCEPT, ringOperation, waitsToAccept } from '../../../probes/host/io-uring.ts'
import { listenerNotes, parseUnixListeners, unixListeners } from '../../../probes/host/unix-listeners.ts'

/** of Linux 6.18, a ring in which a request for connections waits */
const WAITING = `SqMask:	0x7
SqHead:	1
UserFiles:	0
PollList:
  op=22, task_works=0
  op=13, task_works=0
CqOverflowList:
`

describe('io_uring', () => {
  test('is seen waiting for connections in what the kernel tells of a ring, and nowhere else', () => {
    expect(waitsToAccept(WAITING)).toBe(true)
    expect(waitsToAccept(WAITING.replace('op=13', 'op=29'))).toBe(false)
    expect(waitsToAccept('SqMask:\t0x7\nPollList:\nCqOverflowList:\n')).toBe(false)
  })

  test('of a process is found by its descriptors; one that has ended has none', () => {
    const root = mkdtempSync(join(tmpdir(), 'probe-rings-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    for (const name of ['fd', 'fdinfo']) mkdirSync(join(root, '7', name), { recursive: true })
    symlinkSync('anon_inode:[io_uring]', join(root, '7/fd/4'))
    symlinkSync('anon_inode:[eventpoll]', join(root, '7/fd/5'))
    writeFileSync(join(root, '7/fdinfo/4'), 'PollList:\n')
    writeFileSync(join(root, '7/fdinfo/5'), WAITING)
    expect(acceptsByRing([7, 8], root)).toBe(false)
    writeFileSync(join(root, '7/fdinfo/4'), WAITING)
    expect(acceptsByRing([7, 8], root)).toBe(true)
  })

  test('has the kernel’s numbers', () => {
    expect(RING_ACCEPT).toBe(13)
    expect([0, 22, 26, 29, 45, 61].map(ringOperation)).toEqual([
      'nop',
      'read',
      'send',
      'epoll_ctl',
      'socket',
      'writev_fixed',
    ])
    expect(ringOperation(250)).toBe('operation_250')
  })
})

describe('Unix sockets', () => {
  test('that listen are read out of the kernel’s table, whatever they are called', () => {
    const text = `Num       RefCount Protocol Flags    Type St Inode Path
ffff9cc0: 00000002 00000000 00010000 0001 01 25011 /run/api.sock
ffff9cc1: 00000003 00000000 00000000 0001 03 25012 /run/api.sock
ffff9cc2: 00000002 00000000 00010000 0005 01    99 @abstract name
ffff9cc3: 00000002 00000000 00010000 0001 01 25013
ffff9cc4: 00000002 00000000 00000000 0002 01 25014 /dev/log
ffff9cc5: 00000002 00000000 00010000 0001 01 25015 /run/\x1b[31mred
`
    expect(parseUnixListeners(text)).toEqual([
      { inode: 25011, name: '/run/api.sock' },
      { inode: 99, name: '@abstract name' },
      { inode: 25013, name: 'one without a name' },
      { inode: 25015, name: expect.not.stringContaining('\x1b') },
    ])
  })

  test('of this process are found, and said with the TCP ports that are seen', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'probe-unix-')), 'door.sock')
    onTestFinished(() => rmSync(path, { force: true }))
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(path, resolve))
    onTestFinished(() => void server.close())
    expect(unixListeners([process.pid])).toContain(path)
    expect(listenerNotes([], ['/run/a'])).toEqual([
      'accept-queue: Unix sockets are not seen (/run/a); the target listens on no TCP port',
    ])
    expect(listenerNotes([80], ['/a', '/b', '/c', '/d'])[0]).toContain('(/a, /b, /c and 1 more); seen: TCP port 80')
    expect(listenerNotes([], [])[0]).toContain('the target listens on no TCP port')
    expect(listenerNotes([80], [])).toEqual([])
  })
})

describe('connections', () => {
  const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
  const line = (local: string, remote: string, state: string, inode: number) =>
    `   1: 0100007F:${local} 0100007F:${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1`
  const table = [
    HEADING,
    line('1F90', '0000', '0A', 500), // listens
    line('1F90', 'C351', '01', 0), // waits
    line('1F90', 'C352', '08', 0), // waits, and its client has closed
    line('1F90', 'C353', '01', 501), // accepted
    line('1F90', 'C354', '05', 0), // accepted and closed
    line('1F90', 'C355', '03', 0), // its handshake is not over
  ].join('\n')

  test('wait to be accepted while they are open and no process has them', () => {
    const { waiting } = waitingIn({ connections: parseConnections(table), isWhole: true })
    expect([...waiting]).toEqual(['8080>50001', '8080>50002'])
  })

  test('of this process are those that it holds', async () => {
    const { connect } = await import('node:net')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (typeof address !== 'object' || address === null) throw new Error('no port')
    const client = connect(address.port, '127.0.0.1')
    await new Promise((resolve) => client.once('connect', resolve))
    onTestFinished(() => {
      client.destroy()
      server.close()
    })
    expect(connectionsOf([process.pid], process.pid).has(`${client.localPort}>${address.port}`)).toBe(true)
    expect(connectionsOf([], process.pid).size).toBe(0)
  })
})
