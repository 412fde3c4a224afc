import { expect } from 'vitest'
import { z } from 'zod'
import type { Attach } from './attach.ts'
import { phaseStacks, type Stack } from './readings.ts'
import type { Workload } from './workload.ts'

const truthSchema = z.object({ parse: z.number(), query: z.number(), scan: z.number(), render: z.number() })
export type CallTruth = z.infer<typeof truthSchema>
/** the path of each function, from the root on, joined by ";" */
export type CallTree = Readonly<Record<keyof CallTruth, string>>

export interface Shares {
  samples: number
  /** the user's part of a stack from the root on, joined by ";"; what the kernel did there is nothing of the program's */
  byPath: Map<string, number>
}

/** Has a program of a known call tree (calls.c, Calls.java, calls.py) run in a phase of its own. */
export async function measureCalls(calls: Workload, attached: Attach): Promise<CallTruth> {
  await attached.mark('calls')
  calls.say('go')
  const truth = await calls.hear('truth', truthSchema)
  await attached.mark('after')
  await attached.stop()
  return truth
}

/** @param root the first frame that is of interest, `main` for instance; stacks without it are taken whole */
export function callShares(attached: Attach, root: string, wanted: (stack: Stack) => boolean = () => true): Shares {
  const stacks = phaseStacks(attached.records, 'on-cpu', 'calls').filter(wanted)
  const samples = stacks.reduce((sum, row) => sum + row.value, 0)
  const byPath = new Map<string, number>()
  for (const row of stacks) {
    const user = row.frames.filter((name) => !name.endsWith('_[k]'))
    const path = user.slice(Math.max(0, user.indexOf(root))).join(';')
    byPath.set(path, (byPath.get(path) ?? 0) + row.value / samples)
  }
  return { samples, byPath }
}

/** Every path has its share of the samples, within what their number allows, and nothing else has any that counts. */
export function expectShares({ samples, byPath }: Shares, truth: CallTruth, tree: CallTree): void {
  const total = Object.values(truth).reduce((sum, ns) => sum + ns, 0)
  expect(samples).toBeGreaterThan(100)
  for (const [name, path] of Object.entries(tree)) {
    const expected = truth[name as keyof CallTruth] / total
    // Four standard deviations of a share among so many samples.
    const error = 4 * Math.sqrt((expected * (1 - expected)) / samples)
    const share = byPath.get(path) ?? 0
    expect(Math.abs(share - expected), `${path}: ${share}, by its clock ${expected}`).toBeLessThan(error)
  }
  // What is left is the reading of clocks between them.
  const paths = new Set(Object.values(tree))
  const others = [...byPath].filter(([path]) => !paths.has(path))
  expect(
    others.reduce((sum, [, share]) => sum + share, 0),
    JSON.stringify(others),
  ).toBeLessThan(0.03)
}

/** What an attach has said beside its numbers. */
export const notesOf = ({ records }: Attach): string[] =>
  records.flatMap((record) => (record.type === 'note' ? [record.text] : []))
