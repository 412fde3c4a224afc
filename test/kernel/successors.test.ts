import { copyFileSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { acceptQueue } from '../../probes/catalog/accept-queue.ts'
import { syscalls } from '../../probes/catalog/syscalls.ts'
import { type Attach, attach, freshDirectory, type Line, probe } from './attach.ts'
import { audit, phasesOf, startCluster } from './audits.ts'
import { workloadBinary } from './build.ts'
import { freshNetns } from './netns.ts'
import { phaseData } from './readings.ts'
import { request, requestIn } from './requests.ts'
import { cgroup2, cgroups, kernelSuite, network } from './requirements.ts'
import { startWorkload, type Workload } from './workload.ts'

/** getppid calls that the server makes for a request (fixtures/workloads/server.c) */
const CALLS = 10

interface Server extends Workload {
  port: number
}

async function startServer(
  mode: string,
  args: readonly string[] = [],
  prefix: readonly string[] = [],
): Promise<Server> {
  const server = await startWorkload('server', ['--mode', mode, ...args], { prefix })
  const { number } = await server.hear('port', z.object({ number: z.number() }))
  return { ...server, port: number }
}

/** A copy of the program: to the kernel, and so to the rules of who is watched, another one. */
function anotherProgram(): string {
  const path = join(freshDirectory(), 'stranger')
  copyFileSync(workloadBinary('server'), path)
  return path
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
    ['workers that leave after each request and are replaced', 'recycling'],
    ['a process for each connection, which has closed the listener', 'connection'],
  ] as const)('%s', async (_, mode) => {
    const server = await startServer(mode)
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

  test('a program that is started with the listener', async () => {
    const server = await startServer('heirs', ['--stranger', anotherProgram()])
    const attached = await watchPort(server.port)
    await request(server.port, 30)
    server.say('reload')
    await server.hear('reloaded', z.object({}))
    await request(server.port, 30)
    await attached.stop()
    expect(seen(attached)).toEqual(served(60))
  })

  test('none of the other programs that its children execute', async () => {
    const server = await startServer('tools', ['--stranger', anotherProgram()])
    const attached = await watchPort(server.port)
    await request(server.port, 30)
    await attached.stop()
    expect(seen(attached)).toEqual(served(30))
  })

  test('the workers of a Node cluster, also those that are started later', async () => {
    const { port } = await startCluster(20)
    const attached = await watchPort(port)
    for (let i = 0; i < 100; i++) await (await fetch(`http://127.0.0.1:${port}/`)).text()
    await attached.stop()
    const calls = phaseData(attached.records, syscalls).syscalls
    expect(calls['link']?.count ?? calls['linkat']?.count).toBe(100)
    expect(latest(attached, 'target')['joined']).toBeGreaterThanOrEqual(3)
  })
})

kernelSuite('one process', () => {
  test('stays one: how many children it made is told, the one way to see them with it', async () => {
    const server = await startServer('connection')
    const attached = await attach(['syscalls', 'accept-queue', '--pid', String(server.pid)])
    await request(server.port, 30)
    await attached.stop()
    expect(seen(attached)).toEqual({ accepted: 30, getppid: 0, getuid: 0 })
    expect(notes(attached).at(-1)).toBe('30 children were made and not watched: --follow')
    expect(latest(attached, 'target')).toMatchObject({ processes: 1, unwatched: 30 })
  })

  test('has children already: said at attach', async () => {
    const server = await startServer('generations')
    const attached = await attach(['syscalls', '--pid', String(server.pid)])
    expect(notes(attached)).toContain('3 children are not watched: --follow')
    await attached.stop()
  })

  test('stands still: said at attach', async () => {
    const server = await startServer('alone')
    server.child.kill('SIGSTOP')
    const attached = await attach(['syscalls', '--pid', String(server.pid)])
    expect(notes(attached)).toContain(
      `server (${server.pid}) is stopped (T): nothing happens until it goes on (kill -CONT ${server.pid})`,
    )
    await attached.stop()
    server.child.kill('SIGCONT')
  })
})

kernelSuite(
  'a cgroup',
  () => {
    test('is all that lies below it, also what is made there later', async () => {
      const parent = freshCgroup(cgroup2() ?? '', `probe-test-${process.pid}`)
      const below = freshCgroup(parent, 'a')
      const first = await startServer('alone')
      moveInto(below, first.pid)
      const attached = await attach(['syscalls', '--cgroup', parent])
      await request(first.port, 20)
      // A fork in it is in it, whoever looks when.
      const later = freshCgroup(parent, 'b')
      const second = await startServer('connection')
      moveInto(later, second.pid)
      await attached.until('telemetry', ({ source, values }) => source === 'target' && values['processes'] === 2)
      await request(second.port, 30)
      await attached.stop()
      expect(phaseData(attached.records, syscalls).syscalls['getppid']?.count).toBe(CALLS * 50)
    })
  },
  cgroups,
)

/** Removed with the test, when its processes are gone. */
function freshCgroup(parent: string, name: string): string {
  const path = join(parent, name)
  mkdirSync(path)
  // What was asked for last is done first: programs that were started after this have ended by then.
  onTestFinished(() => rmdirSync(path))
  return path
}

const moveInto = (cgroup: string, pid: number): void => writeFileSync(join(cgroup, 'cgroup.procs'), String(pid))

kernelSuite('an audit', () => {
  const plan = (target: object) => ({
    target,
    peak: '50/s',
    phases: [
      // The generator's own first requests, by which it gets up to speed, are made here.
      { name: 'warmup', duration: '1s', rate: '50%', discard: true },
      { name: 'baseline', duration: '2s', rate: '50%' },
      { name: 'stress', duration: '2s', rate: '100%' },
    ],
    probes: ['syscalls'],
    budgets: { overhead: null, send_lag: '1s', loss: '100%' },
    thresholds: { p99: '5s', errors: '100%' },
  })
  const linksOf = ({ records }: { records: readonly Line[] }) =>
    ['baseline', 'stress'].map((name) => {
      const calls = phaseData(records, syscalls, name).syscalls
      return calls['link']?.count ?? calls['linkat']?.count
    })

  test('of workers that are replaced is valid by port, and each request has its calls in each phase', async () => {
    const { port } = await startCluster(20)
    const done = await audit(plan({ url: `http://127.0.0.1:${port}/` }))
    expect(phasesOf(done.records).map(({ name, valid }) => [name, valid])).toEqual([
      ['warmup', true],
      ['baseline', true],
      ['stress', true],
    ])
    expect(linksOf(done)).toEqual([50, 100])
  })

  test('of workers by their pids is not valid when they end and others take their place', async () => {
    const { port, pid, pids } = await startCluster(20)
    const done = await audit(plan({ url: `http://127.0.0.1:${port}/`, pids: [pid, ...pids] }))
    expect(done.code).toBe(5)
    expect(
      phasesOf(done.records)
        .flatMap(({ reasons }) => reasons)
        .join('\n'),
    ).toMatch(/watched process(es)? ended, and what came after is not watched/)
  })
})

kernelSuite(
  'a port that two network namespaces have',
  () => {
    test('is asked for, never summed', async () => {
      const namespace = freshNetns()
      const here = await startServer('alone')
      const there = await startServer('alone', ['--port', String(here.port)], namespace.prefix)
      const asked = await probe(['attach', '--port', String(here.port), '--no-ui'])
      expect(asked.code).toBe(2)
      expect(asked.stderr).toContain(`port ${here.port} is listened on in 2 network namespaces`)
      for (const { pid } of [here, there]) expect(asked.stderr).toContain(`--netns ${pid} (server)`)

      const attached = await watchPort(here.port, '--netns', String(there.pid))
      await request(here.port, 10)
      requestIn(namespace.prefix, here.port, 20)
      await attached.stop()
      expect(seen(attached)).toEqual(served(20))
    })
  },
  network,
)

kernelSuite('a pid namespace of one’s own', () => {
  const prefix = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']

  test('is refused at once, with the way out', async () => {
    for (const args of [
      ['attach', '--pid', '1', '--json'],
      ['audit', '--demo'],
    ]) {
      const refused = await probe([...args, '--no-ui'], { prefix })
      expect(refused.code).toBe(3)
      expect(refused.stderr).toContain('process ids are not the kernel’s here')
      expect(refused.stderr).toContain('--pid=host')
    }
  })

  test('is what doctor names', async () => {
    const { stdout, code } = await probe(['doctor'], { prefix })
    expect(code).toBe(3)
    expect(stdout).toMatch(/process ids .*pid namespace of its own/)
  })
})
