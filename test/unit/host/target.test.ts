import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, test } from 'vitest'
import { cgroupRoot } from '../../../probes/host/cgroup.ts'
import { listenersOf, listeningPorts, readQueues } from '../../../probes/host/listeners.ts'
import { netnsInode } from '../../../probes/host/netns.ts'
import { isAlive } from '../../../probes/host/process.ts'
import { resolveTarget, TargetError, type TargetSelector } from '../../../probes/host/target.ts'
import { startProgram } from './programs.ts'

const ends: (() => void)[] = []
afterAll(() => {
  for (const end of ends) end()
})

const SERVER = `const s = require("node:http").createServer((_, r) => r.end())
  .listen(0, "127.0.0.1", () => console.log(s.address().port))`

async function startServer(script = SERVER): Promise<{ child: ChildProcess; pid: number; port: number }> {
  const { child, line } = await startProgram(script)
  ends.push(() => child.kill('SIGKILL'))
  return { child, pid: child.pid ?? 0, port: Number(line) }
}

/** A program that is nobody's child here, as a user's services are; ended by its pid. */
async function startStranger(script: string): Promise<{ pid: number; line: string }> {
  const shell = spawn('/bin/sh', ['-c', '"$0" -e "$1" & echo $!', process.execPath, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: shell.stdout })) {
    lines.push(line)
    if (lines.length === 1) ends.push(() => process.kill(Number(lines[0]), 'SIGKILL'))
    if (lines.length === 2) break
  }
  const pid = Number(lines.find((line) => /^\d+$/.test(line)))
  return { pid, line: lines.find((line) => !/^\d+$/.test(line)) ?? '' }
}

const failure = async (selector: Partial<TargetSelector>): Promise<unknown> =>
  resolveTarget({ follow: false, ...selector }).then(
    (target) => target,
    (error: unknown) => error,
  )

describe('a target by pid', () => {
  test('has its ports, namespace and identity', async () => {
    const { child, pid, port } = await startServer()
    const target = await resolveTarget({ pids: [pid], follow: false })
    expect(target).toMatchObject({
      processes: [{ pid, comm: expect.any(String), cmdline: expect.stringContaining('createServer') }],
      ports: [port],
      netnsInode: netnsInode(process.pid),
      netnsPid: pid,
      selectedBy: 'pid',
      selector: `--pid ${pid}`,
      follow: false,
    })
    const [process_] = target.processes
    expect(process_ && isAlive(process_)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(process_ && isAlive(process_)).toBe(false)
  })

  test('takes several, each once, in order', async () => {
    const [a, b] = [await startServer(), await startServer()]
    const target = await resolveTarget({ pids: [b.pid, a.pid, b.pid], follow: false })
    expect(target.processes.map((entry) => entry.pid)).toEqual([a.pid, b.pid].sort((x, y) => x - y))
    expect(target.ports).toEqual([a.port, b.port].sort((x, y) => x - y))
  })

  test('takes its children only when it is followed', async () => {
    const parent =
      await startServer(`const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(SERVER)}], {stdio: ["pipe", "inherit", "inherit"]});
      child.stdin.on("error", () => {}); process.on("SIGTERM", () => { child.kill("SIGKILL"); process.exit() })`)
    ends.push(() => parent.child.kill('SIGTERM'))
    const alone = await resolveTarget({ pids: [parent.pid], follow: false })
    expect(alone).toMatchObject({ ports: [], processes: [{ pid: parent.pid }] })
    const family = await resolveTarget({ pids: [parent.pid], follow: true })
    expect(family.ports).toEqual([parent.port])
    expect(family.processes).toHaveLength(2)
    for (const entry of family.processes.slice(1)) ends.unshift(() => process.kill(entry.pid, 'SIGKILL'))
  })

  test('never takes this program, not even among the children it follows', async () => {
    const target = await resolveTarget({ pids: [process.ppid], follow: true })
    expect(target.processes.map((entry) => entry.pid)).toContain(process.ppid)
    expect(target.processes.map((entry) => entry.pid)).not.toContain(process.pid)
  })

  test.each([
    ['that does not exist', [4_194_305], 'not_found', 'process 4194305 does not exist'],
    ['of a kernel thread', [2], 'kernel_thread', 'process 2 (kthreadd) is a kernel thread, it serves no requests'],
    ['of this program', [process.pid], 'self', `process ${process.pid} is probe itself`],
    ['that is none', [0], 'usage', 'not a process id: 0'],
    ['that is a fraction', [1.5], 'usage', 'not a process id: 1.5'],
  ])('refuses a pid %s', async (_, pids, code, message) => {
    expect(await failure({ pids })).toMatchObject({
      name: 'TargetError',
      code,
      message,
      fix: expect.stringMatching(/\w/),
    })
  })

  test('refuses a thread and names its process', async () => {
    const { pid } = await startServer()
    const tid = readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .find((id) => id !== pid)
    expect(await failure({ pids: [tid ?? 0] })).toMatchObject({
      code: 'thread',
      message: `${tid} is a thread of process ${pid}`,
      fix: `probe attach --pid ${pid}`,
    })
  })
})

describe('a target by name', () => {
  test('is every process of exactly that name', async () => {
    const name = `pr${process.pid}`
    const script = (title: string) => `process.title = "${title}"; console.log("ready"); setInterval(() => {}, 1000)`
    const [a, b] = [await startStranger(script(name)), await startStranger(script(name))]
    await startStranger(script(`${name}x`))
    const target = await resolveTarget({ comm: name, follow: false })
    expect(target.processes.map((entry) => entry.pid)).toEqual([a.pid, b.pid].sort((x, y) => x - y))
    expect(target).toMatchObject({ selectedBy: 'comm', selector: `--comm ${name}` })
  })

  test('may be hostile: it matches as it is and shows safe', async () => {
    const { pid } = await startStranger(
      'process.title = "\\u001b[2J\\u202e"; console.log("ready"); setInterval(() => {}, 1000)',
    )
    const target = await resolveTarget({ comm: '\u001b[2J\u202e', follow: false })
    expect(target.processes).toMatchObject([{ pid, comm: '\\x1b[2J\\u202e' }])
    expect(JSON.stringify(target)).not.toMatch(/\\u001b|\u202e/)
  })

  test('does not exist: what to do is said', async () => {
    expect(await failure({ comm: 'no-such-name' })).toMatchObject({
      code: 'not_found',
      message: 'no process is named no-such-name',
    })
    expect(await failure({ comm: 'a-name-beyond-fifteen-bytes' })).toMatchObject({
      code: 'not_found',
      fix: 'the kernel keeps 15 bytes: --comm a-name-beyond-f',
    })
    expect(await failure({ comm: '\u001b[2J' })).toMatchObject({ message: 'no process is named "\\\\x1b[2J"' })
  })

  test('is not that of the program it runs: the process is pointed out', async () => {
    const program = `run${process.pid}`
    // argv[0] is the program's name as it was started; the kernel's name is the file's.
    const child = spawn('/bin/sleep', ['60'], { argv0: `/opt/${program}`, stdio: 'ignore' })
    ends.push(() => child.kill('SIGKILL'))
    await once(child, 'spawn')
    expect(await failure({ comm: program })).toMatchObject({
      code: 'not_found',
      fix: `process ${child.pid} runs ${program} but is named sleep: --pid ${child.pid}`,
    })
  })

  test('a kernel thread is not found by its name', async () => {
    expect(await failure({ comm: 'kthreadd' })).toMatchObject({ code: 'not_found' })
  })
})

describe('a target by port', () => {
  test('is who listens there', async () => {
    const { pid, port } = await startServer()
    const target = await resolveTarget({ port, follow: false })
    expect(target).toMatchObject({
      processes: [{ pid }],
      ports: [port],
      selectedBy: 'port',
      selector: `--port ${port}`,
    })
  })

  test('at different addresses may be different services: all are taken, and it is said', async () => {
    const { pid, port } = await startServer()
    const other = await startServer(SERVER.replace('listen(0, "127.0.0.1"', `listen(${port}, "127.0.0.2"`))
    const { processes, remarks } = await resolveTarget({ port, follow: false })
    expect(processes.map((one) => one.pid)).toEqual([pid, other.pid].sort((a, b) => a - b))
    expect(remarks).toEqual([expect.stringContaining(`port ${port} is served by 2 services at different addresses`)])
    expect(remarks?.[0]).toContain(`127.0.0.1: --pid ${pid} (`)
    expect(remarks?.[0]).toContain(`127.0.0.2: --pid ${other.pid} (`)
  })

  test('at different addresses of one process is one service', async () => {
    const both = `const { createServer } = require("node:net"); const first = createServer().listen(0, "127.0.0.1", () =>
      createServer().listen(first.address().port, "::1", () => console.log(first.address().port)))`
    const { port } = await startServer(both)
    expect((await resolveTarget({ port, follow: false })).remarks).toEqual([])
  })

  test('is found on IPv6 too', async () => {
    const { pid, port } = await startServer(SERVER.replace('127.0.0.1', '::1'))
    expect(await resolveTarget({ port, follow: false })).toMatchObject({ processes: [{ pid }] })
  })

  test('is refused when nobody, or only this program, listens', async () => {
    const server: Server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    expect(await failure({ port })).toMatchObject({ code: 'self' })
    server.close()
    await once(server, 'close')
    expect(await failure({ port })).toMatchObject({
      code: 'no_listener',
      message: `no process listens on TCP port ${port}`,
    })
  })

  test.each([0, 65_536, 1.5])('%d is no port', async (port) => {
    expect(await failure({ port })).toMatchObject({ code: 'usage' })
  })
})

describe('a target by cgroup', () => {
  const root = cgroupRoot()

  test.runIf(root !== null && existsSync(`${root}/cgroup.procs`))('is told by its inode', async () => {
    const target = await failure({ cgroup: '/' })
    // On most systems nothing but kernel threads is in the root; here either answer is well formed.
    if (target instanceof TargetError) expect(target.code).toBe('not_found')
    else expect(target).toMatchObject({ cgroup: { path: '/', id: 1 }, selectedBy: 'cgroup', selector: '--cgroup /' })
  })

  test.runIf(root !== null).each(['', 'no/such', '../..', '/etc'])('refuses %j', async (cgroup) => {
    expect(await failure({ cgroup })).toMatchObject({ code: 'bad_cgroup', fix: `find ${root} -type d` })
  })
})

test.each([
  ['none', {}],
  ['no pid', { pids: [] }],
  ['two', { pids: [1], port: 80 }],
])('exactly one way to choose is wanted, not %s', async (_, selector) => {
  expect(await failure(selector)).toMatchObject({ code: 'usage', fix: 'give one of --pid, --comm, --port, --cgroup' })
})

test.each(['127.0.0.1', '::1', '::'])(
  'the queues of many listeners on %s are sampled, the closed ones left out',
  async (address) => {
    const servers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const server = createServer().listen(0, address)
        await once(server, 'listening')
        return server
      }),
    )
    const listeners = listenersOf([process.pid])
    expect(listeners.length).toBeGreaterThanOrEqual(20)
    const [closed, ...open] = servers
    closed?.close()
    const sampled = readQueues(process.pid, listeners)
    const byInode = (a: { inode: number }, b: { inode: number }) => a.inode - b.inode
    expect(sampled.toSorted(byInode)).toEqual(listenersOf([process.pid]).toSorted(byInode))
    expect(sampled).toHaveLength(listeners.length - 1)
    for (const server of open) server.close()
  },
)

test('a listener shows the connections that wait for accept()', async () => {
  // A listening socket that nothing accepts from.
  const script = `const s = require("node:net").createServer({ pauseOnConnect: true }); s.listen(0, "127.0.0.1", () => {
    require("node:fs").writeSync(1, s.address().port + "\\n"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) })`
  const { pid, port } = await startServer(script)
  const listeners = listenersOf([pid])
  expect(listeners).toMatchObject([{ port, recvQ: 0, limit: null }])
  const sockets = [1, 2, 3].map(() => connect(port, '127.0.0.1'))
  ends.push(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  await expect.poll(() => listenersOf([pid])[0]?.recvQ, { timeout: 10_000 }).toBe(3)
  expect(readQueues(pid, listeners)).toEqual(listeners.map((listener) => ({ ...listener, recvQ: 3 })))
  expect(listeningPorts([pid, pid])).toEqual([port])
})
