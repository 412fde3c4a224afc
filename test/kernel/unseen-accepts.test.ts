import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { acceptQueue } from '../../probes/catalog/accept-queue.ts'
import { syscalls } from '../../probes/catalog/syscalls.ts'
import { attach, probe } from './attach.ts'
import { readLines } from './lines.ts'
import { phaseData } from './readings.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const portSchema = z.object({ port: z.number() })
const truthSchema = z.object({ accepted: z.number(), ops: z.record(z.string(), z.number()) })

kernelSuite('connections that are accepted where no system call is seen', () => {
  test.each([
    ['asked for one by one', []],
    ['through a ring that is made after the attach', ['--late', '1']],
    ['all by one request from before the attach', ['--multishot', '1']],
  ])('through io_uring, %s: unknown, with the reason; none of them waits', async (_, shape) => {
    const server = await startWorkload('uring', ['--connections', '50', '--kept', '5', ...shape])
    const { port } = await server.hear('ready', portSchema)
    const attached = await attach(['accept-queue', 'syscalls', '--pid', String(server.pid)])
    server.say('go')
    const truth = await server.hear('truth', truthSchema)
    await attached.stop()

    const data = phaseData(attached.records, acceptQueue)
    expect(data.listeners[String(port)]).toMatchObject({ accepted: null, latency: null, untracked: null })
    expect(data.waiting, 'five are open, and were accepted').toEqual([])
    const notes = attached.records.flatMap((record) => (record.type === 'note' ? [record.text] : []))
    expect(notes.filter((text) => text.includes('io_uring'))).toEqual([
      expect.stringMatching(/^accept-queue: the target accepts connections through io_uring/),
    ])
    const asked = Object.fromEntries(Object.entries(truth.ops).filter(([, count]) => count > 0))
    expect(phaseData(attached.records, syscalls).ring).toEqual(asked)
  })

  test('by a process that is not looked at: they do not wait, and those that do are still told', async () => {
    // Two processes share a listener; the one that is looked at takes no connection.
    const serve = `const net = require('node:net'), { fork } = require('node:child_process')
if (process.send) process.on('message', (_, door) => { door.on('connection', (c) => c.write('x')); process.send('serving') })
else {
  const door = net.createServer().listen(0, '127.0.0.1', () => {
    const other = fork(__filename)
    other.send('door', door)
    other.on('message', () => console.log(JSON.stringify({ port: door.address().port, other: other.pid })))
  })
}`
    const directory = mkdtempSync(join(tmpdir(), 'probe-shared-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'serve.cjs')
    const { writeFileSync } = await import('node:fs')
    writeFileSync(file, serve)
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = readLines(child.stdout, (line) =>
      z.object({ port: z.number(), other: z.number() }).parse(JSON.parse(line)),
    )
    const { port, other } = await lines.until(() => true, 'the server is ready')
    onTestFinished(async () => {
      for (const pid of [other, child.pid ?? 0]) process.kill(pid, 'SIGKILL')
      await once(child, 'exit')
    })
    process.kill(child.pid ?? 0, 'SIGSTOP')
    const attached = await attach(['accept-queue', '--pid', String(child.pid)])
    const clients = Array.from({ length: 7 }, () => connect(port, '127.0.0.1'))
    onTestFinished(() => {
      for (const client of clients) client.destroy()
    })
    await Promise.all(clients.map((client) => once(client, 'data')))
    await attached.mark('answered')
    process.kill(other, 'SIGSTOP')
    const late = Array.from({ length: 3 }, () => connect(port, '127.0.0.1'))
    onTestFinished(() => {
      for (const client of late) client.destroy()
    })
    await Promise.all(late.map((client) => once(client, 'connect')))
    await attached.stop()

    expect(phaseData(attached.records, acceptQueue, 'attach').waiting).toEqual([])
    expect(phaseData(attached.records, acceptQueue, 'answered').waiting.map((one) => one.port)).toEqual([
      port,
      port,
      port,
    ])
  })

  test('on a Unix socket: no number is claimed, and which socket it is is said', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'probe-unix-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const path = join(directory, 'door.sock')
    const serve = `require('node:net').createServer((c) => c.end('x')).listen(${JSON.stringify(path)}, () => console.log('"ready"'))`
    const child = spawn(process.execPath, ['-e', serve], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    await readLines(child.stdout, (line) => line).until(() => true, 'the server is ready')
    const seen = await probe(['attach', 'accept-queue', '--pid', String(child.pid), '--duration', '1s', '--no-ui'])

    expect(seen.stdout).toContain(path)
    expect(seen.stdout.replace(/\s+/g, ' ')).toMatch(/Unix sockets are not seen .* the target listens on no TCP port/)
    expect(seen.stdout).not.toMatch(/accepted 0/)
  })
})
