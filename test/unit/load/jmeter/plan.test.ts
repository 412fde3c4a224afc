import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openModelDurationMs } from '../../../../audit/load/jmeter/open-model.ts'
import { parseJmxPlan, readJmxPlan } from '../../../../audit/load/jmeter/plan.ts'
import { timetableOf } from '../../../../audit/load/jmeter/timetable.ts'

const recorded = join(import.meta.dirname, '../../../../fixtures/samples/jmeter/plan.jmx')

interface Group {
  name: string
  tag?: string
  enabled?: boolean
  props?: Readonly<Record<string, string | number | boolean>>
  below?: string
}
const scheduled = (delay: string | number, duration: string | number) => ({
  'ThreadGroup.scheduler': true,
  'ThreadGroup.delay': delay,
  'ThreadGroup.duration': duration,
})
const element = ({ name, tag = 'ThreadGroup', enabled = true, props = {}, below = '' }: Group) =>
  `<${tag} testclass="${tag}" testname="${name}" enabled="${enabled}">${Object.entries(props)
    .map(([key, value]) => `<stringProp name="${key}">${value}</stringProp>`)
    .join('')}</${tag}><hashTree>${below}</hashTree>`
const jmx = (groups: readonly Group[], isSerial = false) =>
  Buffer.from(`<?xml version="1.0"?><jmeterTestPlan version="1.2"><hashTree>
    <TestPlan testname="p" enabled="true"><boolProp name="TestPlan.serialize_threadgroups">${isSerial}</boolProp></TestPlan>
    <hashTree>${groups.map(element).join('\n')}</hashTree></hashTree></jmeterTestPlan>`)
const plan = (groups: readonly Group[], isSerial = false, properties: Record<string, string> = {}) =>
  parseJmxPlan(jmx(groups, isSerial), 'p.jmx', properties)
const phases = (groups: readonly Group[], isSerial = false) =>
  timetableOf(plan(groups, isSerial)).phases.map(({ name, kind, startMs, endMs }) => [name, kind, startMs, endMs])

describe('a plan', () => {
  test('that JMeter saved tells its thread groups and their times', async () => {
    const read = await readJmxPlan(recorded)
    expect(read).toEqual({
      isSerial: false,
      isOpenModel: false,
      hasParentSamples: false,
      groups: [
        { name: 'baseline', number: 1, role: 'main', threads: 4, delayMs: 0, durationMs: 6000 },
        { name: 'stress', number: 2, role: 'main', threads: 16, delayMs: 6000, durationMs: 7000 },
        { name: 'soak', number: 3, role: 'main', threads: 4, delayMs: 14000, durationMs: 6000 },
      ],
    })
  })

  test('leaves disabled groups out, also of the numbers', () => {
    const { groups } = plan([{ name: 'a' }, { name: 'off', enabled: false }, { name: 'b' }])
    expect(groups.map(({ name, number }) => [name, number])).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  test('numbers setUp and tearDown groups by themselves', () => {
    const { groups } = plan([
      { name: 'clean', tag: 'PostThreadGroup' },
      { name: 'load' },
      { name: 'fill', tag: 'SetupThreadGroup' },
    ])
    expect(groups.map(({ name, number, role }) => [name, number, role])).toEqual([
      ['fill', 1, 'setup'],
      ['load', 1, 'main'],
      ['clean', 1, 'teardown'],
    ])
  })

  test.each([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: JMeter's own syntax
    ['${__P(seconds,30)}', {}, 30_000],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: JMeter's own syntax
    ['${__P(seconds,30)}', { seconds: '90' }, 90_000],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: JMeter's own syntax
    ['${__P(seconds)}', {}, 1_000],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: JMeter's own syntax
    ['${__property(seconds,,45)}', {}, 45_000],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: JMeter's own syntax
    ['${seconds}', {}, null],
    ['soon', {}, null],
    ['', {}, null],
  ])('a duration of "%s" with %j is %s', (duration, properties, durationMs) => {
    const { groups } = plan([{ name: 'a', props: scheduled('', duration) }], false, properties)
    expect(groups[0]).toMatchObject({ delayMs: 0, durationMs })
  })

  test('has no times without a scheduler, and none that plug-ins keep elsewhere', () => {
    const { groups } = plan([
      { name: 'loops', props: { 'ThreadGroup.scheduler': false, 'ThreadGroup.duration': 60 } },
      { name: 'steps', tag: 'kg.apc.jmeter.threads.SteppingThreadGroup' },
    ])
    expect(groups.map(({ delayMs, durationMs }) => [delayMs, durationMs])).toEqual([
      [0, null],
      [null, null],
    ])
  })

  test('an Open Model Thread Group lasts as long as its schedule', () => {
    const props = { 'OpenModelThreadGroup.schedule': 'rate(10/s) random_arrivals(1 min) pause(5 s)' }
    const { groups, isOpenModel } = plan([{ name: 'open', tag: 'OpenModelThreadGroup', props }])
    expect(isOpenModel).toBe(true)
    expect(groups[0]).toMatchObject({ name: 'open', threads: null, delayMs: 0, durationMs: 65_000 })
  })

  test('a controller with parent samples is seen wherever it is', () => {
    const controller = (parent: boolean, enabled = true) =>
      element({
        name: 't',
        tag: 'TransactionController',
        enabled,
        props: { 'TransactionController.parent': parent },
      })
    const within = (below: string) =>
      plan([{ name: 'a', below: element({ name: 'l', tag: 'LoopController', below }) }]).hasParentSamples
    expect([within(controller(true)), within(controller(false)), within(controller(true, false))]).toEqual([
      true,
      false,
      false,
    ])
  })

  test.each([
    ['nothing', '', 'no TestPlan'],
    ['a JTL', '<testResults/>', 'no TestPlan'],
    ['no group', jmx([]).toString(), 'no enabled thread group'],
    ['a bottomless nest', '<a>'.repeat(20_000), '1000 levels of elements'],
    [
      'half a plan',
      jmx([{ name: 'a' }])
        .toString()
        .slice(0, 200),
      'no enabled thread group',
    ],
  ])('%s is refused with what to do', (_what, text, message) => {
    expect(() => parseJmxPlan(Buffer.from(text), 'p.jmx')).toThrow(
      expect.objectContaining({
        name: 'PlanError',
        code: 'invalid',
        message: expect.stringContaining(message),
        fix: expect.any(String),
      }),
    )
  })

  test('that is not there is unreadable', async () => {
    await expect(readJmxPlan('/nowhere/plan.jmx')).rejects.toMatchObject({ name: 'PlanError', code: 'unreadable' })
  })

  test('that never ends or begins is unreadable', async () => {
    for (const path of ['/dev/zero', '/proc/self/fd'])
      await expect(readJmxPlan(path)).rejects.toMatchObject({ name: 'PlanError', code: 'unreadable' })
  })

  test('names are made safe, and entities of its own are not expanded', () => {
    const text = jmx([{ name: '&#27;[2J&x;' }]).toString()
    const bomb = `<!DOCTYPE p [<!ENTITY x "xxxxxxxxxx">]>${text}`
    expect(parseJmxPlan(Buffer.from(bomb), 'p.jmx').groups[0]?.name).toBe('\\x1b[2J&x;')
  })

  test('no text makes it throw anything but its own errors', () => {
    const text = readFileSync(recorded, 'utf8')
    const cut = fc.integer({ min: 0, max: text.length })
    fc.assert(
      fc.property(cut, cut, fc.string(), (from, to, junk) => {
        try {
          parseJmxPlan(Buffer.from(text.slice(0, from) + junk + text.slice(to)), 'p.jmx')
        } catch (error) {
          expect(error).toMatchObject({ name: 'PlanError' })
        }
      }),
    )
  })
})

describe('the timetable', () => {
  test('of groups one after another has a phase for each, and for a pause', () => {
    expect(
      phases([
        { name: 'baseline', props: scheduled(0, 6) },
        { name: 'soak', props: scheduled(14, 6) },
        { name: 'stress', props: scheduled(6, 7) },
      ]),
    ).toEqual([
      ['baseline', 'baseline', 0, 6000],
      ['stress', 'stress', 6000, 13_000],
      ['pause', 'recovery', 13_000, 14_000],
      ['soak', 'soak', 14_000, 20_000],
    ])
  })

  test('joins groups that start together', () => {
    const groups = [
      { name: 'browse', props: scheduled(0, 60) },
      { name: 'buy', props: scheduled(0, 50) },
      { name: 'spike', props: scheduled(60, 5) },
    ]
    expect(phases(groups)).toEqual([
      ['browse + buy', 'mark', 0, 60_000],
      ['spike', 'stress', 60_000, 65_000],
    ])
    expect(timetableOf(plan(groups)).isOverlapping).toBe(false)
  })

  test('knows when groups of different phases run at once', () => {
    const { isOverlapping } = timetableOf(
      plan([
        { name: 'background', props: scheduled(0, 60) },
        { name: 'peak', props: scheduled(20, 10) },
      ]),
    )
    expect(isOverlapping).toBe(true)
  })

  test('leaves the begin of serial groups to their first requests', () => {
    expect(phases([{ name: 'first' }, { name: 'second' }], true)).toEqual([
      ['first', 'mark', 0, null],
      ['second', 'mark', null, null],
    ])
    expect(timetableOf(plan([{ name: 'first' }, { name: 'second' }], true)).isOverlapping).toBe(false)
  })

  test('counts from the first request of a main group where a setUp group comes before', () => {
    const read = timetableOf(
      plan([
        { name: 'load', props: scheduled(0, 5) },
        { name: 'fill', tag: 'SetupThreadGroup' },
        { name: 'clean', tag: 'PostThreadGroup' },
      ]),
    )
    expect(read.origin).toBe('first main sample')
    expect(read.phases.map(({ name, kind, startMs }) => [name, kind, startMs])).toEqual([
      ['fill', 'warmup', 0],
      ['load', 'baseline', 0],
      ['clean', 'recovery', null],
    ])
  })
})

test.each([
  ['rate(10/s) random_arrivals(1 min)', 60_000],
  ['rate(0) random_arrivals(10 min) rate(50/s)', 600_000],
  ['rate(1/s) even_arrivals(2m 30s) pause(500 ms) /* rest */ // end', 150_500],
  ['', null],
  ['rate(10/s)', null],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: JMeter's own syntax
  ['rate(10/s) random_arrivals(${t})', null],
  ['rate(10/s) random_arrivals(1 fortnight)', null],
  ['rate(10/s) random_arrivals(1 min) surprise(3 s)', null],
])('the schedule "%s" lasts %s ms', (schedule, durationMs) => {
  expect(openModelDurationMs(schedule)).toBe(durationMs)
})
