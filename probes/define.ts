import type { z } from 'zod'
import type { DecodeContext, WindowFrame } from './engine/frame.ts'
import type { Histogram } from './histogram.ts'
import type { Need } from './host/needs.ts'
import type { ScriptParts, TargetFilter } from './script/parts.ts'

/** One number of a probe, computed from its window or phase data. The same list feeds tables, text, JSON and metrics. */
export interface Figure {
  /** stable name, snake_case; published as "probe.key" */
  key: string
  label: string
  /** `null` is unknown, never 0 */
  value: number | null
  unit: 'ns' | 'count' | 'per_s' | 'per_request' | 'ns_per_request' | 'percent'
  /** the direction that is good; `neutral` figures are not coloured */
  better: 'lower' | 'higher' | 'neutral'
  /** grows as long as one watches (a count of events, a sum of time): phases are compared per second */
  adds?: boolean
  /** shown in the one-line text summary */
  headline?: boolean
  /** a part of the time of threads that had work; together the three are all of it, so shares of it can be told */
  threads?: 'running' | 'blocked' | 'ready'
  /** the view of the probe's stacks that shows it; default: the first */
  view?: string
}

/** What a figure may be related to. */
export interface FigureScope {
  durationUs: number
  /** requests completed in the same span; null when no load is known */
  requests: number | null
}

export interface TableColumn {
  key: string
  label: string
  unit: Figure['unit'] | 'text'
}

export interface Drawing<Data> {
  /** title of the terminal tab, at most 9 characters */
  tab: string
  /** labelled distributions, most important first */
  histograms?: (data: Data) => { label: string; histogram: Histogram }[]
  figures: (data: Data, scope: FigureScope) => Figure[]
  /** what is drawn over time; pictures with room for one of them take the first */
  lanes: readonly [DrawnLane, ...DrawnLane[]]
  /** rows for a table, biggest first; values by column key; null is unknown */
  table?: {
    columns: TableColumn[]
    /** keys of the texts that only together name a row: both ends of a connection; default: the first text that is known */
    named?: readonly string[]
    rows: (data: Data, scope: FigureScope) => Record<string, string | number | null>[]
  }
  /** present when the probe records stacks: what a width means, and which rows make a picture by default */
  flame?: {
    unit: 'samples' | 'ns' | 'count'
    title: string
    /** views of the same rows by their dims; the first is the default */
    views: StackView[]
  }
}

/** A figure over time. Its name stands beside those of other probes', so it says of what it is. */
export interface DrawnLane {
  /** at most 19 characters */
  label: string
  /** keys of figures: drawn is the first that is known anywhere in the run (per request; where there is no load, as such) */
  figures: readonly [string, ...string[]]
  /** they come with the stacks, not with every window: each is of the time since the one before */
  withStacks?: boolean
}

/** Some of a probe's stack rows, as one picture. */
export interface StackView {
  name: string
  title: string
  keep: (dims: Record<string, string>) => boolean
  /** label of the distribution that these stacks are behind */
  histogram?: string
  /** only what took at least so long is in it: the stacks behind the distribution's tail */
  leastNs?: number
}

/** The stack rows of a window as a decoder returns them: frame names root first. */
export interface DecodedStack {
  value: number
  count: number
  frames: string[]
  dims?: Record<string, string>
}

export interface Decoded<Data> {
  data: Data
  stacks?: DecodedStack[]
  loss?: { kind: 'map_full' | 'untracked' | 'truncated'; count: number }[]
  /** why a key is null */
  notes?: string[]
}

/** One way to attach a probe. The first variant whose needs the host meets is used. */
export interface Variant<Params, Data> {
  name: string
  /** what the host must offer; tracepoints and their fields are checked against tracefs, not believed */
  needs: readonly Need[]
  script: (params: Params, filter: TargetFilter) => ScriptParts
  decode: (frame: WindowFrame, context: DecodeContext<Params>) => Decoded<Data>
}

export interface Probe<Params = unknown, Data = unknown> {
  kind: 'probe'
  name: string
  /** place among the others, ascending */
  rank: number
  question: string
  /** what it cannot see, in words a user understands */
  blindTo: readonly string[]
  cost: 'low' | 'medium' | 'high'
  /** attached when the user names no probe */
  isDefault: boolean
  params: z.ZodType<Params>
  variants: readonly Variant<Params, Data>[]
  record: z.ZodType<Data>
  /** adds to a window's data what its stacks tell; names are readable by then */
  withStacks?: (data: Data, stacks: readonly DecodedStack[]) => Data
  stackUnit?: 'samples' | 'ns' | 'count'
  draw: Drawing<Data>
  /** measured cost of the kernel programs: events in a window x ns each (test/bench); an estimate, labelled so */
  estimateNs: (data: Data) => number
}

/**
 * Declares a catalog entry. The file it stands in is the whole probe: its script, its record, how it adds up and how it
 * is drawn; nothing elsewhere knows its name.
 */
export const defineProbe = <Params, Data>(probe: Omit<Probe<Params, Data>, 'kind'>): Probe<Params, Data> => ({
  kind: 'probe',
  ...probe,
})
