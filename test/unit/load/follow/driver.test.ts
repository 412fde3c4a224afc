import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type FollowOptions, followDriver } from '../../../../audit/load/follow/driver.ts'
import { createGroupPhases } from '../../../../audit/load/follow/group-phases.ts'
import { toldCourse } from '../course.ts'
import { testFolder } from './reading.ts'

const HEADER = 'time,phase,latency_ms,status\n'
const now = (phase: string, status = 200, latencyMs = 5) => `${Date.now()},${phase},${latencyMs},${status}\n`

function start(file: string, options: Partial<FollowOptions> = {}) {
  const course = toldCourse()
  const driver = followDriver({ file, format: 'auto', quietMs: null, ...options })
  const ran = driver.run(course)
  ran.catch(() => {}) // each test awaits it
  onTestFinished(() => driver.stop())
  return { course, driver, ran }
}

describe('following a file', () => {
  test('begins a phase with each new group, and gives each its requests', async () => {
    const file = join(testFolder(), 'run.csv')
    const { course, driver, ran } = start(file)
    writeFileSync(file, HEADER + now('warmup') + now('warmup', 500))
    await course.reached('warmup')
    appendFileSync(file, now('stress') + now('stress') + now('warmup') + now('stress', 404))
    await course.reached('stress')
    await driver.stop()
    expect(await ran).toEqual({ failed: null, reasons: [] })
    expect(course.begun.map(({ name, kind }) => [name, kind])).toEqual([
      ['warmup', 'warmup'],
      ['stress', 'stress'],
    ])
    expect(course.totals(1).done).toBe(0)
    expect(course.totals(2)).toEqual({ done: 3, errors: { status: 1 } })
    expect(course.totals(3)).toEqual({ done: 3, errors: { status: 1 } })
    expect(course.notes).toEqual([`${file} is not there yet: waiting for it`])
    expect(course.slices.every((slice) => slice.target_rps === null)).toBe(true)
  })

  test('leaves out what started before, and says so', async () => {
    const file = join(testFolder(), 'run.csv')
    writeFileSync(file, HEADER + '1795427676,stress,5,200\n'.repeat(3))
    const { course, driver, ran } = start(file)
    appendFileSync(file, now('soak'))
    await course.reached('soak')
    await driver.stop()
    await ran
    expect(course.begun.map(({ name }) => name)).toEqual(['soak'])
    expect(course.totals(2).done).toBe(1)
    expect(course.notes).toEqual([`${file}: 3 requests from before this run left out`])
  })

  test('counts requests without a group in the phase that runs', async () => {
    const file = join(testFolder(), 'run.ndjson')
    const { course, driver, ran } = start(file)
    writeFileSync(file, `{"time":${Date.now()},"latency_ms":3}\n`.repeat(4))
    await driver.stop()
    await ran
    expect(course.begun).toEqual([])
    expect(course.totals(1).done).toBe(4)
  })

  test('goes on with the file that takes its place', async () => {
    const file = join(testFolder(), 'run.csv')
    writeFileSync(file, HEADER)
    const { course, driver, ran } = start(file)
    appendFileSync(file, now('first'))
    await course.reached('first')
    renameSync(file, `${file}.1`)
    // Another layout: what was read of the old file is of no use here.
    writeFileSync(file, `latency_ms,time,phase\n7,${Date.now()},second\n`)
    await course.reached('second')
    await driver.stop()
    await ran
    expect([course.totals(2).done, course.totals(3).done]).toEqual([1, 1])
  })

  test('ends when the file has been quiet for long enough after its first request', async () => {
    const file = join(testFolder(), 'run.csv')
    const { course, ran } = start(file, { quietMs: 30 })
    writeFileSync(file, HEADER + now('load'))
    await ran
    expect(course.totals(2).done).toBe(1)
    expect(course.notes).toContain(`${file}: nothing was added for 0.03 s; the load is over`)
  })

  test('fails with the name of a file that holds no samples', async () => {
    const file = join(testFolder(), 'notes.txt')
    writeFileSync(file, 'nothing to see here\n')
    await expect(start(file).ran).rejects.toMatchObject({
      code: 'samples_unreadable',
      message: expect.stringContaining(`${file}: `),
    })
  })

  test('fails when a phase cannot begin, and says why', async () => {
    const file = join(testFolder(), 'run.csv')
    const { course, ran } = start(file)
    course.begin = () => Promise.reject(new Error('the run is over'))
    writeFileSync(file, HEADER + now('load'))
    await expect(ran).rejects.toThrow('the run is over')
  })
})

describe('groups', () => {
  const s = (seconds: number) => BigInt(Math.round(seconds * 1e9))
  /** Places requests `[group, start s]`; a phase begins when its first request is placed. */
  const placed = (requests: readonly (readonly [string | null, number])[]) => {
    const groups = createGroupPhases()
    let id = 1
    return requests.map(([group, startS]) => {
      const placement = groups.place(group, s(startS))
      if (placement.to === 'begin' && group !== null) groups.begun(group, { id: ++id, atNs: s(startS) })
      return placement.to === 'phase' ? placement.id : placement.to === 'time' ? placement.why : `begin ${group}`
    })
  }

  test('of stragglers keep their phase', () => {
    expect(
      placed([
        ['a', 0],
        ['b', 10],
        ['a', 10.5],
        ['b', 10.6],
      ]),
    ).toEqual(['begin a', 'begin b', 2, 3])
  })

  test('that go on side by side are placed by time', () => {
    expect(
      placed([
        ['a', 0],
        ['b', 0.1],
        ['b', 1.9],
        ['a', 2],
        ['b', 2.1],
      ]),
    ).toEqual(['begin a', 'begin b', 3, 'parallel', 3])
  })

  test('that come back after the others have ended begin anew', () => {
    expect(
      placed([
        ['idle', 0],
        ['stress', 5],
        ['stress', 9],
        ['idle', 11],
        ['idle', 12],
        [null, 12],
      ]),
    ).toEqual(['begin idle', 'begin stress', 3, 'begin idle', 4, 'no group'])
  })

  test('without end do not cut the recording to pieces', () => {
    const names = Array.from({ length: 150 }, (_, index) => [`g${index}`, index] as const)
    const told = placed(names)
    expect(told.filter((text) => String(text).startsWith('begin'))).toHaveLength(100)
    expect(told.at(-1)).toBe('too many')
  })
})
