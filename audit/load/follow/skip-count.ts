import { sanitizeText } from '../../../probes/index.ts'

/** Counts rows that were passed over, and tells of them in one sentence instead of one each. */
export interface SkipCount {
  add(why: string): void
  /** what was not told yet; null: nothing */
  tell(file: string): string | null
}

export function createSkipCount(): SkipCount {
  let count = 0
  let first = ''
  return {
    add(why) {
      if (count === 0) first = why
      count++
    },
    tell(file) {
      if (count === 0) return null
      const rows = count === 1 ? 'a row' : `${count} rows`
      count = 0
      return `${rows} of ${sanitizeText(file, { maxLength: 200 })} could not be read; the first: ${first}`
    },
  }
}
