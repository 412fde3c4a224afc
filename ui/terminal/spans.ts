import { type PhaseModel, type RunModel, readSpan, type Span } from '../../audit/index.ts'
import type { Catalog } from '../text/reading.ts'
import { type Shelf, withSpans } from './overlay.ts'
import type { Source } from './scene.ts'
import { edgesMoved, spanName } from './span-words.ts'
import type { Selection } from './time-state.ts'

/** What the keys of the brush ask of the recording. */
export type SpanEffect = ({ do: 'span' } & Selection) | { do: 'drop-spans' } | { do: 'stop-reading' }

export const isSpanEffect = (effect: { do: string }): effect is SpanEffect =>
  effect.do === 'span' || effect.do === 'drop-spans' || effect.do === 'stop-reading'

/** Two are enough to compare; a third takes the place of the older. */
const LETTERS = ['A', 'B'] as const
/** Progress is told in steps of this share: each one draws the lines around the panel anew. */
const PROGRESS_STEP = 0.05

export interface SpansInput {
  /** null: nothing is recorded */
  recording: string | null
  catalog: Catalog
  /** a span is there, or the reading ended without one (null) */
  onDone: (span: PhaseModel | null) => void
  /** more of the recording has been read */
  onProgress: () => void
}

/** The spans of one screen. They are read out of the recording, one at a time; a new request replaces the one before. */
export interface Spans {
  perform: (effect: SpanEffect, model: RunModel) => void
  shelf: () => Shelf
  /** the reader goes on: why there was no span has been read */
  heard: () => void
  /** a source as it is with the spans */
  over: (source: Source) => Source
  close: () => void
}

export function createSpans({ recording, catalog, onDone, onProgress }: SpansInput): Spans {
  let shelf: Shelf = { spans: [], progress: null, said: null }
  let reading: AbortController | null = null
  let made = 0

  async function read(path: string, model: RunModel, selection: Selection): Promise<void> {
    const own = new AbortController()
    reading = own
    shelf = { ...shelf, progress: 0, said: null }
    made++
    const letter = LETTERS.find((one) => shelf.spans.every(({ phase }) => !phase.name.startsWith(one)))
    const oldest = shelf.spans[0]?.phase.name.slice(0, 1) ?? LETTERS[0]
    // Never one of the run's: those are counted upwards.
    const options = { ...selection, id: -made, name: spanName(letter ?? oldest, selection) }
    try {
      const span = await readSpan(path, catalog, options, {
        signal: own.signal,
        onProgress: (share) => {
          if (reading !== own || share - (shelf.progress ?? 0) < PROGRESS_STEP) return
          shelf = { ...shelf, progress: share }
          onProgress()
        },
      })
      if (reading !== own) return
      finish(span, model)
    } catch (error) {
      if (reading !== own) return // another has taken its place, or the reader left
      fail(`cannot read the span: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  function finish(span: Span, model: RunModel): void {
    if (span.covered === null && span.stacks === null) {
      fail(`nothing is recorded between ${span.phase.name.slice(2).replace('-', ' and ')}${model.end ? '' : ' yet'}`)
      return
    }
    reading = null
    const spans = [...shelf.spans, span].slice(-LETTERS.length)
    shelf = { spans, progress: null, said: { of: span.phase.id, texts: edgesMoved(span) } }
    onDone(span.phase)
  }

  function fail(text: string): void {
    reading = null
    shelf = { ...shelf, progress: null, said: { of: null, texts: [text] } }
    onDone(null)
  }

  function stop(): void {
    const own = reading
    reading = null
    own?.abort()
    shelf = { ...shelf, progress: null, said: null }
  }

  return {
    perform: (effect, model) => {
      stop()
      if (effect.do === 'drop-spans') shelf = { spans: [], progress: null, said: null }
      if (effect.do !== 'span') return
      if (recording === null) fail('cannot look at a span: nothing is recorded; --record FILE writes one')
      else void read(recording, model, effect)
    },
    shelf: () => shelf,
    heard: () => {
      if (shelf.said?.of === null) shelf = { ...shelf, said: null }
    },
    over: (source) => withSpans(source, shelf.spans),
    close: stop,
  }
}
