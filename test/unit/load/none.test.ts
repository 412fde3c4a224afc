import { expect, test } from 'vitest'
import { noneDriver } from '../../../audit/load/none.ts'
import { toldCourse } from './course.ts'

const phase = (name: string, durationMs: number) => ({ name, kind: 'mark', durationMs })

test('phases begin one after another, none before the one before it has lasted', async () => {
  const course = toldCourse()
  const startNs = process.hrtime.bigint()
  const driver = noneDriver({ phases: [phase('first', 30), phase('second', 20), phase('third', 10)] })
  expect(await driver.run(course)).toEqual({ failed: null, reasons: [] })
  expect(course.begun.map(({ name }) => name)).toEqual(['second', 'third'])
  const [second, third] = course.begun.map(({ atNs }) => Number(atNs - startNs) / 1e6)
  expect(second).toBeGreaterThanOrEqual(30)
  expect(third).toBeGreaterThanOrEqual(50)
  expect(Number(process.hrtime.bigint() - startNs) / 1e6).toBeGreaterThanOrEqual(60)
  expect(course.slices).toEqual([])
  expect(driver.pids()).toEqual([])
})

test.each([[[]], [[phase('first', 1e12), phase('second', 1)]], [[phase('first', 0), phase('second', 1e12)]]])(
  'stop ends it at any time: %j',
  async (phases) => {
    const course = toldCourse()
    const driver = noneDriver({ phases })
    const ran = driver.run(course)
    if (phases[0]?.durationMs === 0) await course.reached('second')
    await driver.stop()
    expect(await ran).toEqual({ failed: null, reasons: [] })
    expect(course.begun.length).toBe(phases[0]?.durationMs === 0 ? 1 : 0)
  },
)

test('stopped before it runs, it begins nothing', async () => {
  const course = toldCourse()
  const driver = noneDriver({ phases: [phase('first', 1e12), phase('second', 1)] })
  await driver.stop()
  await driver.run(course)
  expect(course.begun).toEqual([])
})
