import type { Values } from './source.ts'

/**
 * Adds up counters of processes or threads that come and go: the sums hold what each grew by since the first reading,
 * so that an end takes nothing away. What one did between its last reading and its end is missing.
 */
export function createGrowth(): { add: (readings: ReadonlyMap<number, Values>) => Values } {
  const sums: Values = {}
  let before: ReadonlyMap<number, Values> | null = null
  return {
    add: (readings) => {
      for (const [id, now] of readings) {
        const then = before?.get(id)
        for (const [name, value] of Object.entries(now)) {
          // One that is new has done all it did since the reading before; at the first reading nobody knows.
          const grown = then ? value - (then[name] ?? value) : before ? value : 0
          sums[name] = (sums[name] ?? 0) + Math.max(0, grown)
        }
      }
      before = readings
      return { ...sums }
    },
  }
}
