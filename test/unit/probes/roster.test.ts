import { expect, test } from 'vitest'
import { createChangeNotes } from '../../../probes/engine/change-words.ts'
import { type Changes, readChanges } from '../../../probes/engine/changes.ts'
import { CHANGE } from '../../../probes/engine/membership.ts'
import { createRoster } from '../../../probes/engine/roster.ts'
import { standInTarget } from '../../../probes/host/stand-in.ts'
import type { Target } from '../../../probes/host/target.ts'
import { memberWords, WORD } from '../../../probes/script/frame.ts'

const nothing: Changes = {
  joined: new Map(),
  left: new Map(),
  spentBy: new Map(),
  spentNs: 0,
  came: 0,
  ended: 0,
  executedAnother: 0,
  children: 0,
}
const targetOf = (...pids: number[]): Target => ({
  ...standInTarget(),
  processes: pids.map((pid) => ({ pid, starttime: 1, comm: 'api' })),
})

test('CPU time never falls: neither by the ticks of a thread that ends, nor with a process', () => {
  const clocks = new Map([
    [1, 100],
    [2, 50],
  ])
  const roster = createRoster(targetOf(1, 2), 'port', (pid) => clocks.get(pid) ?? null)
  expect(roster.cpuNs()).toBe(150)
  clocks.set(1, 90)
  expect(roster.cpuNs()).toBe(150)
  clocks.delete(2)
  roster.take({ ...nothing, left: new Map([[2, CHANGE.ended]]), spentBy: new Map([[2, 70]]), spentNs: 70, ended: 1 })
  clocks.set(1, 130)
  // 20 of the second one's were after the last look at it: the kernel knows
  expect(roster.cpuNs()).toBe(200)
})

test('CPU time of processes that nobody had time to look at is not lost', () => {
  const roster = createRoster(targetOf(1), 'port', () => 0)
  const [came, ended] = [12_000, 12_000]
  // The maps by number hold some of them, the sum holds all.
  roster.take({ ...nothing, spentBy: new Map([[77, 30]]), spentNs: 5_000, came, ended })
  expect(roster.cpuNs()).toBe(5_000)
  expect(roster.counts()).toMatchObject({ processes: 1, joined: 12_000, ended: 12_000, lost: 0 })
})

test('what a process did before it joined is not the target’s', () => {
  let cpuNs = 900
  const roster = createRoster(targetOf(), 'port', () => cpuNs)
  expect(roster.add(process.pid)?.pid).toBe(process.pid)
  expect(roster.add(process.pid)).toBeNull()
  cpuNs = 950
  expect(roster.cpuNs()).toBe(50)
})

test.each([
  ['no', 2],
  ['port', 0],
] as const)('where newcomers are watched (%s), those that end are not lost', (grows, lost) => {
  const roster = createRoster(targetOf(1, 2), grows, () => 0)
  const left = new Map([1, 2].map((pid) => [pid, CHANGE.ended]))
  roster.take({ ...nothing, left, ended: 2 })
  expect(roster.counts()).toMatchObject({ processes: 0, ended: 2, lost })
})

test('changes are read from what the tracer prints', () => {
  const printed = new Map([
    ['@target_joined', { entries: [['31', 1]] as [string, number][] }],
    ['@target_left', { entries: [['30', 5]] as [string, number][] }],
    [
      '@target_changes',
      {
        entries: [
          ['1', 4],
          ['2', 1],
          ['5', 3],
        ] as [string, number][],
      },
    ],
  ])
  expect(readChanges(printed)).toMatchObject({
    joined: new Map([[31, CHANGE.born]]),
    left: new Map([[30, CHANGE.ended]]),
    came: 5,
    ended: 3,
    children: 0,
  })
})

test('a number is told in one word, a large one in two', () => {
  expect(memberWords('join', 4_194_303)).toEqual([WORD.join + 4_194_303])
  expect(memberWords('leave', 5 * 2 ** 27 + 7)).toEqual([WORD.high + 5, WORD.leave + 7])
  for (const word of [...memberWords('join', 2 ** 50), ...memberWords('leave', 2 ** 22)])
    expect(word).toBeLessThan(2 ** 31)
})

test('changes are told one by one at first, then summed up', () => {
  const notes = createChangeNotes('port 9300')
  const moved = { before: 3, gone: 2, fresh: 2, passing: 0, strayed: 0 }
  expect(notes.take(moved, false)).toEqual(['2 of 3 processes ended, 2 new ones serve port 9300'])
  for (let i = 0; i < 100; i++) notes.take(moved, false)
  expect(notes.take({ ...moved, gone: 0, fresh: 0 }, true)).toEqual([
    'since the last of these notes: 192 processes ended, 192 new ones serve port 9300',
  ])
  expect(notes.take({ ...moved, gone: 0, fresh: 0 }, true)).toEqual([])
})

test('a process for each connection is told of once', () => {
  const notes = createChangeNotes('port 22')
  const passing = { before: 1, gone: 0, fresh: 0, passing: 90, strayed: 0 }
  expect(notes.take(passing, false)).toEqual(['90 came and ended within a window, watched while they lived'])
  expect(notes.take(passing, false)).toEqual([])
  expect(notes.take(passing, true)).toEqual([
    'since the last of these notes: 180 came and ended within a window, watched while they lived',
  ])
})
