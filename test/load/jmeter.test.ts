import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { sumHdr } from '../../audit/load/hdr.ts'
import { jmeterDriver } from '../../audit/load/jmeter/driver.ts'
import { toldCourse } from '../unit/load/course.ts'
import { testFolder } from '../unit/load/follow/reading.ts'
import { type LiveJmeter, liveJmeter } from './jmeter-live.ts'
import { httpServer } from './servers.ts'

/** A killed orphan stays in the table until it is collected: such a zombie does nothing any more. */
const isAlive = (pid: number): boolean => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
// A place of our own, so that what is left behind is ours.
const temporary = mkdtempSync(join(tmpdir(), 'probe-jmeter-test-'))
beforeAll(() => {
  vi.stubEnv('TMPDIR', temporary)
  return () => {
    vi.unstubAllEnvs()
    rmSync(temporary, { recursive: true, force: true })
  }
})
const leftovers = () => readdirSync(temporary).filter((name) => /^probe-jmeter-/.test(name))

interface Group {
  name: string
  tag?: string
  /** without them it starts with the test, and ends with its loops */
  times?: { delayS: number; durationS: number }
  /** rounds of each of its two threads; -1: until its time is over */
  loops: number
  below: string
}

/** A plan of thread groups, and what is in each. */
function planOf(folder: string, groups: readonly Group[], isSerial = false) {
  const file = join(folder, 'plan.jmx')
  const text = groups.map(
    ({ name, tag = 'ThreadGroup', times, loops, below }) => `
      <${tag} guiclass="${tag}Gui" testclass="${tag}" testname="${name}" enabled="true">
        <stringProp name="ThreadGroup.on_sample_error">continue</stringProp>
        <elementProp name="ThreadGroup.main_controller" elementType="LoopController" guiclass="LoopControlPanel" testclass="LoopController" testname="Loop" enabled="true">
          <boolProp name="LoopController.continue_forever">false</boolProp><intProp name="LoopController.loops">${loops}</intProp>
        </elementProp>
        <stringProp name="ThreadGroup.num_threads">2</stringProp><stringProp name="ThreadGroup.ramp_time">0</stringProp>
        <longProp name="ThreadGroup.start_time">1000</longProp><longProp name="ThreadGroup.end_time">1000</longProp>
        <boolProp name="ThreadGroup.scheduler">${times !== undefined}</boolProp>
        <stringProp name="ThreadGroup.duration">${times?.durationS ?? ''}</stringProp><stringProp name="ThreadGroup.delay">${times?.delayS ?? ''}</stringProp>
      </${tag}><hashTree>
        <ConstantTimer guiclass="ConstantTimerGui" testclass="ConstantTimer" testname="t" enabled="true">
          <stringProp name="ConstantTimer.delay">20</stringProp>
        </ConstantTimer><hashTree/>${below}</hashTree>`,
  )
  writeFileSync(
    file,
    `<?xml version="1.0" encoding="UTF-8"?>
    <jmeterTestPlan version="1.2" properties="2.8" jmeter="2.13"><hashTree>
      <TestPlan guiclass="TestPlanGui" testclass="TestPlan" testname="two groups" enabled="true">
        <boolProp name="TestPlan.functional_mode">false</boolProp><boolProp name="TestPlan.serialize_threadgroups">${isSerial}</boolProp>
        <elementProp name="TestPlan.user_defined_variables" elementType="Arguments"><collectionProp name="Arguments.arguments"/></elementProp>
      </TestPlan><hashTree>${text.join('')}</hashTree></hashTree></jmeterTestPlan>`,
  )
  return file
}
const request = (path: string) => `
  <HTTPSamplerProxy guiclass="HttpTestSampleGui" testclass="HTTPSamplerProxy" testname="GET ${path}" enabled="true">
    <elementProp name="HTTPsampler.Arguments" elementType="Arguments"><collectionProp name="Arguments.arguments"/></elementProp>
    <stringProp name="HTTPSampler.domain">127.0.0.1</stringProp><stringProp name="HTTPSampler.port">\${__P(port)}</stringProp>
    <stringProp name="HTTPSampler.path">${path}</stringProp><stringProp name="HTTPSampler.method">GET</stringProp>
    <boolProp name="HTTPSampler.use_keepalive">true</boolProp><stringProp name="HTTPSampler.implementation">HttpClient4</stringProp>
  </HTTPSamplerProxy><hashTree/>`
const transaction = (below: string) => `
  <TransactionController guiclass="TransactionControllerGui" testclass="TransactionController" testname="both" enabled="true">
    <boolProp name="TransactionController.parent">true</boolProp>
  </TransactionController><hashTree>${below}</hashTree>`

describe('a tool in the place of JMeter', () => {
  function standIn(properties: Record<string, string>) {
    const folder = testFolder()
    const script = join(folder, 'jmeter')
    // Like JMeter's own script, it does not hand its process over.
    writeFileSync(
      script,
      `#!/bin/sh\n'${process.execPath}' '${join(import.meta.dirname, 'jmeter-stand-in.mjs')}' "$@"\n`,
    )
    chmodSync(script, 0o755)
    const plan = planOf(folder, [
      { name: 'first', times: { delayS: 0, durationS: 3000 }, loops: -1, below: '' },
      { name: 'second', times: { delayS: 3000, durationS: 3000 }, loops: -1, below: '' },
    ])
    const course = toldCourse()
    const driver = jmeterDriver({ plan, properties, searchPath: `${folder}:/usr/bin:/bin` })
    return { course, driver, plan, folder }
  }

  it('is read to its end, and its requests belong to the phases of their thread groups', async () => {
    const { course, driver } = standIn({ act: 'end' })
    expect(await driver.run(course)).toEqual({ failed: null, reasons: [] })
    // The second is an hour early by the plan: its first request is what counts.
    expect(course.begun.map(({ name }) => name)).toEqual(['first', 'second'])
    const [before, first, second] = [1, 2, 3].map((id) => course.totals(id))
    expect(first).toMatchObject({ errors: { status: 1 } })
    expect(second?.done).toBeGreaterThanOrEqual(1)
    // One is of a group that the plan does not have: it counts where it started.
    expect([before, first, second].reduce((sum, totals) => sum + (totals?.done ?? 0), 0)).toBe(4)
    const service = course.slices.filter((slice) => slice.phase === 2).map((slice) => slice.hist.service)
    expect(sumHdr([service[0] ?? '']).percentiles().max).toBeCloseTo(5, 1)
    expect(driver.pids()).toEqual([])
    expect(leftovers()).toEqual([])
  })

  it.each([
    ['hears the message', 'run', { heard: true }],
    ['is killed when it hears nothing', 'deaf', { heard: false }],
  ])('%s to stop', { timeout: 30_000 }, async (_what, act, { heard }) => {
    const { course, driver } = standIn({ act })
    const ran = driver.run(course)
    await course.reached('first')
    const pids = driver.pids()
    expect(pids).toHaveLength(2)
    await driver.stop()
    expect(pids.map(isAlive)).toEqual([false, false])
    expect(await ran).toEqual({ failed: null, reasons: [] })
    // The row that it writes when it hears.
    expect(course.totals(2).done).toBe(heard ? 3 : 2)
    expect(leftovers()).toEqual([])
  })

  it('may be stopped before it has started', async () => {
    const { course, driver } = standIn({ act: 'run' })
    const ran = driver.run(course)
    await driver.stop()
    expect(await ran).toEqual({ failed: null, reasons: [] })
    expect(leftovers()).toEqual([])
  })

  it.each([
    ['by itself', { act: 'die' }, /^jmeter ended with (SIGKILL|code 137)/],
    [
      'with an error',
      { act: 'refuse', code: '1' },
      /^jmeter ended with code 1\n.*cannot \\x1b\[31mread the plan\n.*broken/,
    ],
    // JMeter's exit code says nothing.
    ['without a test, with code 0', { act: 'refuse', code: '0' }, /^jmeter ended with code 0\n.*ERROR/],
  ])('that ends %s is an error with its words', async (_how, properties, message) => {
    const { course, driver } = standIn(properties)
    await expect(driver.run(course)).rejects.toMatchObject({
      code: 'generator_died',
      message: expect.stringMatching(message),
      fix: expect.any(String),
    })
    expect(leftovers()).toEqual([])
  })

  it.each([
    ['ForbiddenClassException: org.apache.jmeter.save.ScriptWrapper', /install Apache JMeter 5/],
    ['CannotResolveClassException: kg.apc.jmeter.threads.UltimateThreadGroup', /plug-in/],
    ['java.lang.OutOfMemoryError: Java heap space', /HEAP/],
  ])('that says %s is told with what to do', async (says, fix) => {
    const { course, driver } = standIn({ act: 'refuse', code: '0', says })
    await expect(driver.run(course)).rejects.toMatchObject({ fix: expect.stringMatching(fix) })
  })

  it('that writes what cannot be read is ended', async () => {
    const { course, driver } = standIn({ act: 'dates' })
    const ran = driver.run(course)
    await expect(ran).rejects.toMatchObject({ code: 'samples_unreadable' })
    expect(driver.pids()).toEqual([])
  })

  it('is ended when the run cannot begin a phase', async () => {
    const { course, driver } = standIn({ act: 'run' })
    course.begin = () => Promise.reject(new Error('the run is over'))
    await expect(driver.run(course)).rejects.toThrow('the run is over')
    expect(driver.pids()).toEqual([])
  })

  it('dies with us, even when we are killed', { timeout: 30_000 }, async () => {
    const { plan, folder } = standIn({})
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
    const parent = spawn(
      process.execPath,
      [
        ...['--input-type=module', '--eval'],
        `import { jmeterDriver } from ${module('../../audit/load/jmeter/driver.ts')}
       const driver = jmeterDriver({ plan: ${JSON.stringify(plan)}, properties: { act: 'run' }, searchPath: ${JSON.stringify(`${folder}:/usr/bin:/bin`)} })
       const begin = async () => (console.log(driver.pids().join(' ')), { id: 2, atNs: process.hrtime.bigint() })
       await driver.run({ firstPhase: 1, begin, slice: () => {}, note: () => {} })`,
      ],
      { env: { ...process.env, TMPDIR: folder } },
    )
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [line] = await once(createInterface({ input: parent.stdout }), 'line')
    const pids = String(line).split(' ').map(Number)
    expect(pids).toHaveLength(2)
    expect(pids.map(isAlive)).toEqual([true, true])
    parent.kill('SIGKILL')
    await vi.waitFor(() => expect(pids.map(isAlive)).toEqual([false, false]), { timeout: 10_000, interval: 10 })
  })

  it('that is on no PATH is missing, with what to do', async () => {
    const driver = jmeterDriver({ plan: 'plan.jmx', properties: {}, searchPath: '/nowhere:relative' })
    await expect(driver.run(toldCourse())).rejects.toMatchObject({
      code: 'tool_missing',
      fix: expect.stringContaining('PATH'),
    })
  })
})

describe('JMeter itself', () => {
  let live: LiveJmeter = { lacks: 'not prepared' }
  beforeAll(() => {
    live = liveJmeter()
    return () => ('lacks' in live ? undefined : live.remove())
  })
  const port = (url: string) => new URL(url).port

  it('runs a plan: a phase for each thread group, each request counted once', async (ctx) => {
    if ('lacks' in live) return ctx.skip(live.lacks)
    const server = await httpServer((req, response) => response.writeHead(req.url === '/bad' ? 503 : 200).end('ok'))
    const plan = planOf(testFolder(), [
      { name: 'baseline', times: { delayS: 0, durationS: 5 }, loops: 20, below: request('/good') },
      { name: 'stress', times: { delayS: 5, durationS: 60 }, loops: 20, below: request('/bad') },
    ])
    const course = toldCourse()
    const driver = jmeterDriver({ plan, properties: { port: port(server.url) }, searchPath: live.searchPath })
    expect(await driver.run(course)).toEqual({ failed: null, reasons: [] })
    expect(course.begun.map(({ name, kind }) => [name, kind])).toEqual([
      ['baseline', 'baseline'],
      ['stress', 'stress'],
    ])
    const [baseline, stress] = [course.totals(2), course.totals(3)]
    expect(baseline.errors).toEqual({})
    expect(stress.errors).toEqual({ status: stress.done })
    expect(baseline.done).toBeGreaterThan(0)
    expect(stress.done).toBe(40)
    expect(baseline.done + stress.done).toBe(server.requests)
    expect(course.totals(1).done).toBe(0)
    expect(course.notes).toEqual([expect.stringContaining('wait for an answer')])
    expect(course.slices.every((slice) => slice.hist.service !== null || slice.done === 0)).toBe(true)
  })

  it('begins phases with their first requests where the plan has no times', async (ctx) => {
    if ('lacks' in live) return ctx.skip(live.lacks)
    const server = await httpServer()
    const group = { loops: 5, below: request('/') }
    const groups = [
      { ...group, name: 'clean up', tag: 'PostThreadGroup' },
      { ...group, name: 'load' },
      { ...group, name: 'load' },
      { ...group, name: 'fill', tag: 'SetupThreadGroup' },
    ]
    const plan = planOf(testFolder(), groups, true)
    const course = toldCourse()
    await jmeterDriver({ plan, properties: { port: port(server.url) }, searchPath: live.searchPath }).run(course)
    expect(course.begun.map(({ name, kind }) => [name, kind])).toEqual([
      ['fill', 'warmup'],
      ['load', 'baseline'],
      ['load', 'baseline'],
      ['clean up', 'recovery'],
    ])
    expect(course.begun.map(({ id }) => course.totals(id).done)).toEqual([10, 10, 10, 10])
    expect(server.requests).toBe(40)
    expect(course.notes).toContainEqual(expect.stringMatching(/no times for load, clean up:/))
  })

  it('is stopped at once', async (ctx) => {
    if ('lacks' in live) return ctx.skip(live.lacks)
    const server = await httpServer()
    const plan = planOf(testFolder(), [
      { name: 'soak', times: { delayS: 0, durationS: 600 }, loops: -1, below: request('/') },
    ])
    const course = toldCourse()
    const driver = jmeterDriver({ plan, properties: { port: port(server.url) }, searchPath: live.searchPath })
    const ran = driver.run(course)
    await vi.waitFor(() => expect(server.requests).toBeGreaterThan(20), { timeout: 20_000, interval: 10 })
    const pids = driver.pids()
    await driver.stop()
    expect(pids.some(isAlive)).toBe(false)
    await ran
    // What was interrupted has a row, too: nothing that reached the server is missing.
    expect(course.totals(2).done).toBeGreaterThanOrEqual(server.requests)
    expect(leftovers()).toEqual([])
  })

  it('whose plan generates parent samples still tells each request', async (ctx) => {
    if ('lacks' in live) return ctx.skip(live.lacks)
    const server = await httpServer()
    const below = transaction(request('/a') + request('/b'))
    const plan = planOf(testFolder(), [{ name: 'load', loops: 10, below }])
    const course = toldCourse()
    const driver = jmeterDriver({ plan, properties: { port: port(server.url) }, searchPath: live.searchPath })
    await driver.run(course)
    expect(course.totals(2)).toEqual({ done: 40, errors: {} })
    expect(server.requests).toBe(40)
  })

  it('whose target is not there reports refused connections', async (ctx) => {
    if ('lacks' in live) return ctx.skip(live.lacks)
    const plan = planOf(testFolder(), [{ name: 'load', loops: 5, below: request('/') }])
    const course = toldCourse()
    await jmeterDriver({ plan, properties: { port: '1' }, searchPath: live.searchPath }).run(course)
    expect(course.totals(2)).toEqual({ done: 10, errors: { connect_refused: 10 } })
  })
})
