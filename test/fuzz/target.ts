import type { Random } from './random.ts'

/** A reader that is fuzzed. */
export interface FuzzTarget {
  /** what it reads, in a few words */
  about: string
  /** cases in the run of the tests */
  cases: number
  /**
   * Loads what is needed; once in each process.
   *
   * @param folder of its own, for files
   */
  open: (folder: string) => Promise<Opened> | Opened
}

export interface Opened {
  /** an input of a seed: the same each time */
  generate: (random: Random) => Input
  /**
   * Reads it, and does with it what a command does. What a room's own error class says is an answer; anything else that is thrown
   * is a defect, and so is what is returned: a complaint in words.
   */
  read: (input: Input) => Promise<string | null> | string | null
}

export interface Input {
  bytes: Buffer
  /** how its file is called, or which of several readers it is for: `ndjson.gz` */
  kind: string
}

// Two scripts of ours may stand in a picture; line ends and tabs are no harm.
const HARMFUL =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\u{e0000}-\u{e0fff}]/u

/** A complaint about characters that act on a terminal or hide from a reader; null when there are none. */
export function harmIn(what: string, text: string): string | null {
  const found = HARMFUL.exec(text)
  if (!found) return null
  const code = (found[0].codePointAt(0) ?? 0).toString(16)
  return `${what} holds U+${code}: ${JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 20))}`
}
