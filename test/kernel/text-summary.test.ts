import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { attachAsText } from './attach-text.ts'
import { freshNetns } from './netns.ts'
import { netCounter } from './readings.ts'
import { kernelSuite, network } from './requirements.ts'
import { startWorkload } from './workload.ts'

const portSchema = z.object({ port: z.number() })

/** Time on a processor of all threads of a process, ns. */
const runNs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, tid) => sum + Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]),
    0,
  )

kernelSuite('the text of an attach names what a reader without a screen looks for', () => {
  test('why accept fails, how often exactly, and the limit that is reached', async () => {
    const server = await startWorkload('exhausted', ['--descriptors', '64', '--failures', '1234'])
    const { port } = await server.hear('ready', portSchema)
    const attached = await attachAsText(['accept-queue', 'syscalls', '--pid', String(server.pid)])
    server.say('go')
    const truth = await server.hear('truth', z.object({ failed: z.number(), limit: z.number() }))
    const text = await attached.stop()

    expect(text).toContain(`accept failed: EMFILE ${truth.failed}`)
    expect(text).toContain(`most failed: accept4 EMFILE ${truth.failed}`)
    expect(text).toContain(`descriptors ${truth.limit} of ${truth.limit} (100 %)`)
    expect(text).toMatch(new RegExp(`port ${port}\\b`))
  })

  test('how long it was on a processor, as the scheduler counts it', async () => {
    const program = await startWorkload('syscalls', ['--rounds', '6'])
    const attached = await attachAsText(['on-cpu', '--pid', String(program.pid)])
    const before = runNs(program.pid)
    program.say('go')
    await program.hear('truth', z.object({}))
    const text = await attached.stop()
    const truthMs = (runNs(program.pid) - before) / 1e6

    const [, number = '', unit = ''] = /on-cpu on CPU ([\d.]+) (ms|s) /.exec(text) ?? []
    const ms = Number(number) * (unit === 's' ? 1000 : 1)
    // Three digits are shown, and the first sample is taken a moment before the test looks.
    expect(Math.abs(ms - truthMs), `${ms} of ${truthMs}`).toBeLessThan(0.01 * truthMs + 10)
    expect(text).not.toContain('(sampled)')
  })

  test('the program’s own function in which time goes, and the percentiles of its waits', async () => {
    const program = await startWorkload('offcpu')
    const attached = await attachAsText(['off-cpu', 'on-cpu', '--pid', String(program.pid)])
    program.say('go')
    await program.hear('truth', z.object({}))
    const text = await attached.stop()

    expect(text).toMatch(/any wait p50 [\d.]+ \S+, p99 [\d.]+ \S+, max/)
    const [, offCpu = ''] = /off-cpu (.*?) on-cpu /.exec(text) ?? []
    expect(offCpu).toMatch(/top: \w+ [\d.]+ %/)
    expect(offCpu).not.toMatch(/top: (__|clock_nanosleep|schedule|poll)/)
  })
})

kernelSuite(
  'the text of an attach to one of two services in a network namespace',
  () => {
    test('tells of the drops at its own port, with the limit and where that comes from, and none of its neighbour’s', async () => {
      const { prefix } = freshNetns()
      const shape = ['--prompt', '0', '--accepted', '5', '--left', '0']
      const narrow = await startWorkload('accept', [...shape, '--backlog', '4', '--extra', '20', '--hold-ms', '1500'], {
        prefix,
      })
      const wide = await startWorkload('accept', [...shape, '--backlog', '128'], { prefix })
      const ports = await Promise.all([narrow, wide].map((server) => server.hear('ready', portSchema)))
      const attached = await Promise.all(
        [narrow, wide].map((server) => attachAsText(['accept-queue', 'retransmits', '--pid', String(server.pid)])),
      )
      const before = netCounter(narrow.pid, 'TcpExt', 'ListenDrops')
      for (const server of [narrow, wide]) server.say('go')
      for (const server of [narrow, wide]) await server.hear('truth', z.object({ limit: z.number() }))
      // Only one of the two has dropped anything: what the namespace counts is its.
      const drops = netCounter(narrow.pid, 'TcpExt', 'ListenDrops') - before
      const [sick = '', well = ''] = await Promise.all(attached.map((one) => one.stop()))

      expect(drops).toBeGreaterThanOrEqual(20)
      expect(sick).toContain(`dropped at port ${ports[0]?.port} ${drops}`)
      expect(sick).toContain(`queue of port ${ports[0]?.port} 125 % full`)
      // Seen full, or known to have been by what was dropped: on a busy host nobody may have looked just then.
      expect(sick).toMatch(
        /accept queue, port \d+ (5 of 4 \(125 %\)|was full at 4), the limit is what it gave to listen\(\): somaxconn is \d+/,
      )
      expect(well).not.toMatch(/dropped at port|overflow|accept queue, port/)
      expect(well).toMatch(/queue limit 128/)
    })
  },
  network,
)
