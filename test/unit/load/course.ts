import { vi } from 'vitest'
import type { Course } from '../../../audit/load/driver.ts'
import type { LoadSlice } from '../../../audit/load/generator.ts'

/** A run that a driver under test drives: what it was told, in order. */
export interface ToldCourse extends Course {
  begun: { id: number; name: string; kind: string; atNs: bigint }[]
  slices: LoadSlice[]
  notes: string[]
  /** requests done and errors of a phase, over all its slices */
  totals(phase: number): { done: number; errors: Record<string, number> }
  /** resolves when a phase of that name has begun */
  reached(name: string): Promise<void>
}

export function toldCourse(): ToldCourse {
  const told: ToldCourse = {
    firstPhase: 1,
    begun: [],
    slices: [],
    notes: [],
    begin: async (name, kind) => {
      const phase = { id: told.begun.length + 2, name, kind, atNs: process.hrtime.bigint() }
      told.begun.push(phase)
      return phase
    },
    slice: (slice) => void told.slices.push(slice),
    note: (text) => void told.notes.push(text),
    totals: (phase) => {
      const errors: Record<string, number> = {}
      let done = 0
      for (const slice of told.slices.filter((one) => one.phase === phase)) {
        done += slice.done
        for (const [name, count] of Object.entries(slice.errors)) errors[name] = (errors[name] ?? 0) + count
      }
      return { done, errors }
    },
    reached: (name) =>
      vi.waitFor(
        () => {
          if (!told.begun.some((phase) => phase.name === name)) throw new Error(`${name} has not begun`)
        },
        { timeout: 30_000, interval: 10 },
      ),
  }
  return told
}
