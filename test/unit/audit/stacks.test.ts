import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createProbeStacks } from '../../../audit/model/stacks.ts'
import { columnTotals } from '../../../audit/profile/totals.ts'
import type { StackRow, StacksRecord } from '../../../audit/recording/format.ts'
import type { Probe } from '../../../probes/define.ts'
import { catalog } from './long-run.ts'

const waits = catalog.get('waits') as Probe
const frames = Array.from({ length: 3000 }, (_, i) => `frame_${i}`)
const record = (phase: number, rows: StackRow[]): StacksRecord => ({
  ...{ type: 'stacks', probe: 'waits', unit: 'ns', phase, start_us: 0, end_us: 1, rows },
})
const blocked = (value: number, ...stack: number[]): StackRow => [value, 1, stack, { state: 'blocked' }]

test('a view that is asked for now and then has what came meanwhile', () => {
  const state = fc.constantFrom('blocked', 'runnable')
  const row = fc.tuple(fc.integer({ min: 0, max: 9 }), state)
  const step = fc.oneof(
    fc.record({ phase: fc.integer({ min: 1, max: 3 }), rows: fc.array(row, { maxLength: 4 }) }),
    fc.constantFrom('blocked', 'all'),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const stacks = createProbeStacks(waits, 'ns', frames, { cells: new Map(), onLeftOut: () => undefined })
      const truth = new Map<string, number>()
      for (const one of steps) {
        if (typeof one === 'string') stacks.profile(one)
        else {
          stacks.add(
            record(
              one.phase,
              one.rows.map(([value, state]): StackRow => [value, 1, [0, value], { state }]),
            ),
          )
          for (const [value, state] of one.rows)
            for (const view of state === 'blocked' ? ['blocked', 'all'] : ['all'])
              truth.set(`${view} ${one.phase}`, (truth.get(`${view} ${one.phase}`) ?? 0) + value)
        }
      }
      for (const view of ['blocked', 'all'])
        for (const phase of [1, 2, 3]) {
          const profile = stacks.profile(view)
          const total = profile?.columns.includes(String(phase)) ? columnTotals(profile, String(phase))[0] : 0
          expect(total).toBe(truth.get(`${view} ${phase}`) ?? 0)
        }
    }),
  )
})

test('stacks that nobody looks at are folded before they fill the memory, and nothing of them is lost', () => {
  const stacks = createProbeStacks(waits, 'ns', frames, { cells: new Map(), onLeftOut: () => undefined })
  // Some 20 MB of text: several times what is kept of it.
  const rows = Array.from({ length: 1000 }, (_, i) => blocked(1, ...frames.slice(0, 100).keys(), 100 + i))
  for (let n = 0; n < 50; n++) stacks.add(record(1, rows))
  const profile = stacks.profile('blocked')
  expect(profile && columnTotals(profile, '1')[0]).toBe(50_000)
  expect(stacks.profile('all')?.size).toBe(profile?.size)
  expect(stacks.profile('no such view')).toBeNull()
})
