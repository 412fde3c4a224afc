import { expect, test } from 'vitest'
import { createProfile } from '../../../audit/profile/build.ts'
import { foldedLines } from '../../../audit/profile/folded.ts'
import { wallClock } from '../../../audit/profile/wall.ts'

const profile = (unit: 'ns' | 'samples', rows: readonly [stack: string, value: number, column: string][]) => {
  const made = createProfile(unit)
  for (const [stack, value, column] of rows) made.add(stack.split(';'), value, value, column)
  return made
}

const parts = {
  onCpu: profile('samples', [
    ['main;work', 3, '1'],
    ['main;poll', 1, '1'],
    ['main;work', 5, '2'],
  ]),
  blocked: profile('ns', [['main;work;futex_[k]', 70, '1']]),
  runnable: profile('ns', [['main;work', 20, '1']]),
  unknown: null,
  idle: profile('ns', [['main;poll;ep_poll_[k]', 900, '2']]),
}

test('every stack ends in what the thread did there; waiting for work has a root of its own', () => {
  const wall = wallClock(parts, () => 10)
  expect([...foldedLines(wall, '1')]).toEqual([
    'main;poll;[on CPU] 10',
    'main;work;[on CPU] 30',
    'main;work;[waiting for a CPU] 20',
    'main;work;futex_[k];[blocked] 70',
  ])
  expect([...foldedLines(wall, '2')]).toEqual(['[waiting for work];main;poll;ep_poll_[k] 900', 'main;work;[on CPU] 50'])
})

test('waits of unknown kind end in a word of their own', () => {
  const unknown = profile('ns', [['main;take;futex_[k]', 50, '1']])
  const wall = wallClock({ onCpu: null, blocked: null, runnable: null, unknown, idle: null }, () => 1)
  expect([...foldedLines(wall, '1')]).toEqual(['main;take;futex_[k];[waiting, for what is unknown] 50'])
})

test('samples of which nobody knows how long they stand for are left out, and their phase is still there', () => {
  const wall = wallClock({ ...parts, blocked: null, runnable: null }, (column) => (column === '1' ? null : 10))
  expect(wall.columns).toEqual(['1', '2'])
  expect([...foldedLines(wall, '1')]).toEqual([])
})
