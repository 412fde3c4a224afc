import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { initPlan } from '../../../audit/plan/init.ts'
import { AuditInit } from '../../../cli/commands/audit/init.ts'
import { plan } from './plans.ts'

const url = 'http://127.0.0.1:8080/items?page=1'
const root = join(import.meta.dirname, '../../..')

describe('the plan to start from', () => {
  test('runs as it is: a minute on the url', () => {
    expect(plan(initPlan(url))).toMatchObject({
      target: { url, select: null },
      peakRps: 100,
      load: { requests: [{ path: '/items?page=1', expect: { status: [200] } }] },
      phases: [{ name: 'idle' }, { name: 'warmup' }, { name: 'baseline' }, { name: 'stress' }, {}, { name: 'soak' }],
      thresholds: { p99Ms: 50, errors: 0.01 },
    })
  })

  test('every line that is commented out is right, too', () => {
    const uncommented = initPlan(url)
      .replace('preset: quick\n', '')
      .replace(/^# (?=phases:| {2}- \{|probes:|budgets:)/gm, '')
      .replace(/^( {2,4})# (?=- \{|auth:|follow:|pid:)/gm, '$1')
    expect(uncommented).not.toBe(initPlan(url))
    const made = plan(uncommented, { readFile: () => Buffer.from('{}') })
    expect(made.phases.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'idle timed',
      'warmup timed',
      'baseline timed',
      'climb timed',
      'stress timed',
      'stairs-1 timed',
      'stairs-2 timed',
      'stairs-3 timed',
      'capacity search',
    ])
    expect(made.load).toMatchObject({ requests: [{ method: 'GET' }, { method: 'POST', weight: 0.2 }] })
    expect(made.target).toMatchObject({ select: { pids: [4242] }, follow: true })
    expect(made.probes).toEqual(['accept-queue', 'syscalls', 'off-cpu'])
  })

  test('a command instead of a pid', () => {
    const text = initPlan(url).replace(/^ {2}# (?=command:)/m, '  ')
    expect(plan(text).target.command?.argv).toEqual(['node', 'server.js'])
  })

  test.each(['', 'localhost', 'ftp://h/', '127.0.0.1:8080', 'http://u:p@h/'])('%j is refused', (wrong) => {
    expect(() => initPlan(wrong)).toThrow(/URL/)
  })

  test('no url breaks out of its line', () => {
    expect(plan(initPlan('http://h/"\nabort: false\n#')).abort).not.toBeNull()
  })
})

describe('probe audit init', () => {
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'probe-init-'))
    onTestFinished(() => rmSync(made, { recursive: true }))
    return made
  }
  const init = (file: string) => AuditInit.run([url, '-o', file, '--json'], root)

  test('writes the plan and the schema it names', async () => {
    const into = folder()
    await init(join(into, 'my.yaml'))
    expect(readdirSync(into).sort()).toEqual(['my.yaml', 'plan.schema.json'])
    const text = readFileSync(join(into, 'my.yaml'), 'utf8')
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./plan.schema.json')
    expect(plan(text).target.url).toBe(url)
    expect(readFileSync(join(into, 'plan.schema.json'), 'utf8')).toBe(
      readFileSync(join(root, 'docs/plan.schema.json'), 'utf8'),
    )
  })

  test('never over a plan that is there', async () => {
    const file = join(folder(), 'plan.yaml')
    writeFileSync(file, 'mine')
    await expect(init(file)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })
})
