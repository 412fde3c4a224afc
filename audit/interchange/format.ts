import type { ProfileBuilder } from '../profile/build.ts'
import type { Profile } from '../profile/profile.ts'
import type { ByteSource } from '../profile/source.ts'

/** What a file of another tool holds. */
export interface ReadProfile {
  profile: ProfileBuilder
  /** its columns, with names for people */
  columns: { key: string; label: string }[]
  /** what was read, and what was not understood: a line each */
  facts: string[]
}

export interface ReadOptions {
  /** what the numbers are, where the format does not say */
  unit: Profile['unit']
  /** which of several values to take, e.g. `cpu` or `alloc_space` */
  value?: string
  /** the file's bytes where it is open already; by default its path is opened */
  source?: ByteSource
}

export interface WriteOptions {
  title: string
  /** what holds for the whole profile, a line each */
  lines: readonly string[]
  /** the columns that are written, with names for people */
  columns: readonly { key: string; label: string }[]
  /** what is measured, in a word, e.g. `off-cpu` */
  value: string
}

/** A file format of stacks. */
export interface Format {
  name: 'folded' | 'pprof' | 'speedscope' | 'perf-script'
  /** as people call it */
  label: string
  /** how names of such files end; the first is what we write */
  extensions: readonly string[]
  /** Whether a file that begins so (its first bytes, unpacked) is one of these. */
  begins(start: Buffer): boolean
  /** Reads an open file to its end. Throws ProfileError; null where the format is only written. */
  read: ((file: ByteSource, options: ReadOptions) => Promise<ReadProfile>) | null
  /** The file in pieces; null where the format is only read. */
  write: ((profile: Profile, options: WriteOptions) => Iterable<string | Uint8Array>) | null
}
