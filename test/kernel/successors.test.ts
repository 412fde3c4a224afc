import { copyFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { acceptQueue } from '../../probes/catalog/accept-queue.ts'
import { syscalls } from '../../probes/catalog/syscalls.ts'
import { type Attach, attach, freshDirectory } from './attach.ts'
import { workloadBinary } from './build.ts'
import { phaseData } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload, type Workload } from './workload.ts'

/** getppid calls that the server makes for a request (fixtures/workloads/server.c) */
const CALLS = 10

interface Server extends Workload {
  port: number
}

async function startServer(mode: string, args: readonly string[] = []): Promise<Server> {
  const server = await startWorkload('server', ['--mode', mode, ...args])
  const { number } = await server.hear('port', z.object({ number: z.number() }))
  return { ...server, port: number }
}

/** A copy of the program: to the kernel, and so to the rules of who is watched, another one. */
function anotherProgram(): string {
  const path = join(freshDirectory(), 'stranger')
  copyFileSync(workloadBinary('server'), path)
  return path
}

/** Makes requests one after the other; each is over when the server has closed its connection. */
async function request(port: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++)
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('q'))
      socket
        .on('data', () => undefined)
        .on('close', () => resolve())
        .on('error', reject)
    })
}

const seen = ({ records }: Attach) => {
  const calls = phaseData(records, syscalls).syscalls
  const { listeners } = phaseData(records, acceptQueue)
  const accepted = Object.values(listeners).reduce((sum, listener) => sum + listener.accepted, 0)
  return { accepted, getppid: calls['getppid']?.count ?? 0, getuid: calls['getuid']?.count ?? 0 }
}
const served = (requests: number) => ({ accepted: requests, getppid: CALLS * requests, getuid: 0 })
const notes = ({ records }: Attach) => records.flatMap((record) => (record.type === 'note' ? [record.text] : []))
const latest = ({ records }: Attach, source: string): Record<string, number> =>
  Object.assign(
    {},
    ...records.flatMap((record) => (record.type === 'telemetry' && record.source === source ? [record.values] : [])),
  )

const watchPort = (port: number, ...more: string[]) =>
  attach(['syscalls', 'accept-queue', '--port', String(port), ...more])

kernelSuite('whoever serves a port', () => {
  test.each([
    ['one process', 'alone', []],
    ['workers that leave after each request and are replaced', 'recycling', []],
    ['workers that leave after ten', 'recycling', ['--requests', '10']],
    ['a process for each connection, which has closed the listener', 'connection', []],
  ] as const)('%s', async (_, mode, args) => {
    const server = await startServer(mode, args)
    const attached = await watchPort(server.port)
    await request(server.port, 100)
    await attached.stop()
    expect(seen(attached)).toEqual(served(100))
  })

  test('the generation that a reload makes, and the old one until it is gone', async () => {
    const server = await startServer('generations')
    const attached = await watchPort(server.port)
    await request(server.port, 50)
    server.say('reload')
    await server.hear('reloaded', z.object({}))
    await request(server.port, 50)
    await attached.until('telemetry', ({ source, values }) => source === 'target' && values['ended'] === 3)
    await attached.stop()
    expect(seen(attached)).toEqual(served(100))
    expect(latest(attached, 'target')).toMatchObject({ processes: 4, joined: 3, ended: 3, lost: 0 })
    expect(notes(attached).join('\n')).toMatch(new RegExp(`3 new ones serve port ${server.port}`))
    expect(notes(attached).join('\n')).toMatch(/3 of \d processes ended/)
  })

  test('another process that listens there after the first has ended', async () => {
    const first = await startServer('alone')
    const attached = await watchPort(first.port)
    await request(first.port, 20)
    first.say('end')
    await attached.until('note', ({ text }) => text.startsWith(`nobody serves port ${first.port} any more`))
    const second = await startServer('alone', ['--port', String(first.port)])
    await request(second.port, 30)
    const joined = await attached.until('note', ({ text }) => text.includes('1 new one serves'))
    expect(joined.text).toContain(`port ${first.port}`)
    second.say('end')
    const { code } = await attached.finished
    expect(code).toBe(0)
    expect(seen(attached)).toEqual(served(50))
    expect(attached.records.at(-1)).toMatchObject({ type: 'end', reason: 'target_exited' })
  })

  test('a program that was started with the listener; not one that was started without', async () => {
    const server = await startServer('heirs', ['--stranger', anotherProgram()])
    const attached = await watchPort(server.port)
    await request(server.port, 30)
    await attached.stop()
    expect(seen(attached)).toEqual(served(30))
  })

  test('none of the other programs that its children execute', async () => {
    const server = await startServer('tools', ['--stranger', anotherProgram()])
    const attached = await watchPort(server.port)
    await request(server.port, 30)
    await attached.stop()
    expect(seen(attached)).toEqual(served(30))
  })
})
