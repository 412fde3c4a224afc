import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type Attach, attach, goneSoon, startAttach, tracersOf } from './attach.ts'
import { notesOf } from './call-tree.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const fuse = () => (existsSync('/dev/fuse') ? null : 'no /dev/fuse')

const windowsOf = (attached: Attach) => attached.records.filter(({ type }) => type === 'window')
const summaryOf = async (attached: Attach) => (await attached.until('summary')).phases
const framesOf = (attached: Attach): string[] =>
  attached.records.flatMap((record) => (record.type === 'frames' ? record.names : []))

kernelSuite('a target whose /tmp is a file system that does not answer', () => {
  test('windows go on, it ends by its duration, and a note says what has no names', async () => {
    const target = await startWorkload('dead_fs', ['unread'])
    const attached = startAttach(['on-cpu', '--pid', String(target.pid), '--duration', '6s'])
    const { code, stderr } = await attached.finished
    expect(code, stderr).toBe(0)
    expect(attached.records.at(-1)).toMatchObject({ type: 'end', reason: 'done' })
    expect(windowsOf(attached).length).toBeGreaterThan(2)
    const note = `perf map of process ${target.pid} is not read any more, since it did not answer`
    expect(notesOf(attached)).toContainEqual(expect.stringContaining(note))
    // What lies elsewhere has its names all the same.
    expect(framesOf(attached)).toContain('burn')
  })

  test('a signal ends it while who reads there cannot even be killed', async () => {
    const target = await startWorkload('dead_fs', ['taken'])
    const attached = await attach(['on-cpu', '--pid', String(target.pid)])
    const tracers = tracersOf(attached)
    expect((await attached.stop()).code).toBe(130)
    expect(attached.records.at(-1)).toMatchObject({ type: 'end', reason: 'interrupted' })
    await goneSoon(tracers)
  })
}, [fuse])

kernelSuite('a perf map that is made to hold up who reads it', () => {
  test.each<[string, (path: string) => void, RegExp | null]>([
    ['a pipe', (path) => execFileSync('mkfifo', [path]), null],
    ['one line of 64 MB', (path) => writeFileSync(path, Buffer.alloc(64e6, '1')), /perf map is read up to 32 MiB/],
    [
      'ten million functions',
      (path) => writeFileSync(path, Buffer.alloc(6e7, '1 1 a\n')),
      /perf map is read up to 500000 functions/,
    ],
  ])('%s: the run goes on to its end, and a note says what was left out', async (_, make, note) => {
    const target = await startWorkload('phases')
    target.say('spin')
    const path = `/tmp/perf-${target.pid}.map`
    make(path)
    onTestFinished(() => rmSync(path, { force: true }))
    const attached = startAttach(['on-cpu', '--pid', String(target.pid), '--duration', '2s'])
    const { code, stderr } = await attached.finished
    expect(code, stderr).toBe(0)
    expect(attached.records.at(-1)).toMatchObject({ type: 'end', reason: 'done' })
    const notes = notesOf(attached).filter((text) => text.includes('perf map'))
    if (note === null) expect(notes).toEqual([])
    else expect(notes).toContainEqual(expect.stringMatching(note))
  })
})

kernelSuite('a tracer that is stopped', () => {
  const stopped = async (...args: string[]) => {
    const target = await startWorkload('phases')
    const attached = await attach(['syscalls', '--pid', String(target.pid), ...args])
    const tracers = tracersOf(attached)
    for (const pid of tracers) process.kill(pid, 'SIGSTOP')
    onTestFinished(() => goneSoon(tracers))
    return attached
  }
  const lossSchema = z.object({ type: z.literal('loss'), probe: z.literal('tracer'), kind: z.literal('unanswered') })

  test('Ctrl-C ends it all the same; what is missing is told, and nothing stays attached', async () => {
    const attached = await stopped()
    expect((await attached.stop()).code).toBe(130)
    expect(attached.records.filter((record) => lossSchema.safeParse(record).success)).toHaveLength(1)
    expect(await summaryOf(attached)).toMatchObject([
      { valid: false, reasons: [expect.stringContaining('last window')] },
    ])
    expect(notesOf(attached)).toContainEqual(expect.stringMatching(/did not answer.*it is stopped \(SIGSTOP\)/))
  })

  test('a run that goes to its end is not valid: exit 5', async () => {
    const attached = await stopped('--duration', '3s')
    const { code, stderr } = await attached.finished
    expect(code, stderr).toBe(5)
    expect(stderr).toMatch(/not valid: attach: its last window is missing/)
    expect(attached.records.at(-1)).toMatchObject({ type: 'end', reason: 'done', exit_code: 5 })
    expect(await summaryOf(attached)).toMatchObject([{ valid: false }])
  })
})
