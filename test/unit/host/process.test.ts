import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, describe, expect, test } from 'vitest'
import {
  isAlive,
  parseProcessStat,
  readCmdline,
  readProcessStat,
  readRawComm,
  readSchedCpuNs,
} from '../../../probes/host/process.ts'
import { startProgram } from './programs.ts'

const programs: ChildProcess[] = []
afterAll(() => {
  for (const program of programs) program.kill('SIGKILL')
})

// Captured; only the name differs between the cases.
const tail =
  'S 4775 4777 4777 0 -1 4194560 7997 320020 0 221 3 5 456 236 20 0 7 0 83802 5521408 1054 18446744073709551615 94245132972032 94245133761437 140725832569360 0 0 0 65536 4 1132560123 1 0 0 17 1 0 0 0 0 0 94245133994736 94245134042980 94245454639104 140725832571773 140725832571788 140725832571788 140725832572906 0\n'

describe('parseProcessStat', () => {
  test.each([
    ['a plain name', 'node', 'node'],
    ['blanks', 'tmux: server', 'tmux: server'],
    ['parentheses that look like the end', 'x) (R 1 1', 'x) (R 1 1'],
    ['only parentheses', '))((', '))(('],
    ['no name at all', '', ''],
    ['a newline and an escape sequence', 'a\n\u001b[2J', 'a\\x0a\\x1b[2J'],
    ['bidi', '\u202eedon', '\\u202eedon'],
  ])('finds its fields after %s', (_, raw, comm) => {
    expect(parseProcessStat(`4777 (${raw}) ${tail}`)).toMatchObject({
      pid: 4777,
      comm,
      state: 'S',
      parentPid: 4775,
      isKernelThread: false,
      utimeTicks: 3,
      stimeTicks: 5,
      threads: 7,
      starttime: 83802,
    })
  })

  test('knows a kernel thread by its flag', () => {
    const line = '2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 0 0 18446744073709551615 0 0 0 0'
    expect(parseProcessStat(line)?.isKernelThread).toBe(true)
  })

  test.each([
    ['empty', ''],
    ['no name', '12 S 1'],
    ['cut off', '12 (node) S 1 2'],
    ['no number', `x (node) ${tail}`],
  ])('says nothing of a text that is %s', (_, text) => {
    expect(parseProcessStat(text)).toBeNull()
  })
})

describe('this process', () => {
  test('has the memory Node says it has', () => {
    const before = process.memoryUsage.rss()
    const seen = readProcessStat(process.pid)?.rssBytes ?? 0
    // The kernel folds per-thread page counts in late; a factor would mean a wrong page size.
    expect(seen / before).toBeGreaterThan(0.8)
    expect(seen / before).toBeLessThan(1.25)
  })

  test('has used at least the CPU time a busy loop took', () => {
    const before = readSchedCpuNs(process.pid) ?? Number.NaN
    const start = process.cpuUsage()
    let used = 0
    while (used < 50_000) {
      const spent = process.cpuUsage(start)
      used = spent.user + spent.system
    }
    // Two ticks of slack: see readSchedCpuNs.
    expect((readSchedCpuNs(process.pid) ?? 0) - before).toBeGreaterThan(30e6)
  })

  test('is alive as itself only', () => {
    const starttime = readProcessStat(process.pid)?.starttime ?? 0
    expect(isAlive({ pid: process.pid, starttime })).toBe(true)
    expect(isAlive({ pid: process.pid, starttime: starttime + 1 })).toBe(false)
  })
})

describe('another process', () => {
  test('that is gone reads as null', () => {
    const none = 2 ** 22 + 1 // above the highest pid there can be
    expect([readProcessStat(none), readSchedCpuNs(none), readCmdline(none), readRawComm(none)]).toEqual([
      null,
      null,
      null,
      null,
    ])
  })

  test('that is a zombie is not alive', async () => {
    // The shell starts a child and becomes a program that never reaps it; the child ends only after that.
    const parent = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    programs.push(parent)
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(String(line).trim())
    await expect.poll(() => readRawComm(parent.pid ?? 0), { timeout: 10_000 }).toBe('sleep')
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => readProcessStat(pid)?.state, { timeout: 10_000 }).toBe('Z')
    expect(isAlive({ pid, starttime: readProcessStat(pid)?.starttime ?? 0 })).toBe(false)
  })

  test('with a hostile name and arguments reads safe', async () => {
    const { child } = await startProgram(
      'process.title = "\\u001b[2J\\u202e"; console.log("ready"); setInterval(() => {}, 1000)',
      ['\u001b]0;owned\u0007'],
    )
    programs.push(child)
    const pid = child.pid ?? 0
    expect(readRawComm(pid)).toBe('\u001b[2J\u202e')
    expect(readProcessStat(pid)?.comm).toBe('\\x1b[2J\\u202e')
    expect(readCmdline(pid)).not.toMatch(/[\u0000-\u001f\u202e]/)
  })

  test('with arguments of nothing, as many as fit, reads as it is called', async () => {
    const program = 'console.log("ready"); setInterval(() => {}, 1000)'
    const { child } = await startProgram(
      program,
      Array.from({ length: 180_000 }, () => ''),
    )
    programs.push(child)
    expect(readCmdline(child.pid ?? 0)).toMatch(/node.* -e console\.log/)
  })
})
