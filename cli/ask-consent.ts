import { createInterface } from 'node:readline/promises'
import type { AskConsent, Destination } from '../audit/index.ts'
import { formatRate } from '../ui/index.ts'
import { readable } from './say.ts'

/** How a run comes by the consent to load what is not this host; null: nobody can be asked. */
export function consentBy({ yes, signal }: { yes: boolean; signal: AbortSignal }): AskConsent | null {
  if (yes) return () => Promise.resolve(true)
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null
  return async (destination) => {
    // Lines, not keys: Ctrl-C stays the signal that it is.
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
    try {
      const answer = await lines.question(readable(`${questionOf(destination)} [y/N] `), { signal })
      return /^y(es)?$/i.test(answer.trim())
    } catch (error) {
      if (signal.aborted) return false
      throw error
    } finally {
      lines.close()
    }
  }
}

const questionOf = ({ host, port, foreign, peakRps }: Destination): string =>
  `The load goes to ${host}:${port} (${foreign.join(', ')}), which is not this host, with ${
    peakRps === null ? 'as many requests as the script makes' : `up to ${formatRate(peakRps)}`
  }. May it be loaded?`
