import { joinColumns, type Profile, type RunModel, type Span } from '../../audit/index.ts'
import type { Source } from './scene.ts'

/** Spans that are kept for comparing, and what is being done to get another. */
export interface Shelf {
  spans: readonly Span[]
  /** share of the recording read so far, 0..1; null when none is read */
  progress: number | null
  /** what became of the last request, for the remark line, longest first: of which span (its phase's id), or why there is none */
  said: { of: number | null; texts: readonly string[] } | null
}

const made = new WeakMap<RunModel, { revision: number; spans: readonly Span[]; over: Source }>()

/**
 * A run whose phases are its own and, after them, the spans: what works on phases works on these. The run itself stays as
 * it is, for its recorder. Made once per revision of the run.
 */
export function withSpans(source: Source, spans: readonly Span[]): Source {
  if (spans.length === 0) return source
  const { model } = source
  const known = made.get(model)
  if (known?.revision === model.revision && known.spans === spans) return known.over
  const over: Source = {
    model: { ...model, phases: [...model.phases, ...spans.map(({ phase }) => phase)] },
    profileOf: joined(source, spans),
  }
  made.set(model, { revision: model.revision, spans, over })
  return over
}

function joined({ model, profileOf }: Source, spans: readonly Span[]): Source['profileOf'] {
  const profiles = new Map<string, Profile | null>()
  return (_, probe, view) => {
    const key = `${probe} ${view ?? ''}`
    const cached = profiles.get(key)
    if (cached !== undefined) return cached
    const base = profileOf(model, probe, view)
    const own = spans.flatMap((span) => span.profileOf(probe, view) ?? [])
    const profile = base && joinColumns(base, ...own)
    profiles.set(key, profile)
    return profile
  }
}
