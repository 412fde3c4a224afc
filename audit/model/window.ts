/** What a probe saw in a stretch of time. */
export interface ProbeWindow {
  readonly startUs: number
  readonly endUs: number
  /** the probe's record; of an older window made again from its text, so who needs it often keeps what is made of it */
  readonly data: unknown
}

interface Held {
  data: unknown
  /** null: the data themselves are kept */
  text: string | null
  made: WeakRef<object> | null
}
const held = new WeakMap<ProbeWindow, Held>()

export function createWindow(startUs: number, endUs: number, data: unknown): ProbeWindow {
  const window: ProbeWindow = {
    startUs,
    endUs,
    get data() {
      return dataOf(window)
    },
  }
  held.set(window, { data, text: null, made: null })
  return window
}

/**
 * Keeps the window as text from now on: histograms as lists of pairs take eight times as much memory.
 *
 * @returns the length of the text; 0 when it was packed before, or holds but a value
 */
export function packWindow(window: ProbeWindow): number {
  const own = held.get(window)
  if (!own || own.text !== null || typeof own.data !== 'object' || own.data === null) return 0
  own.text = JSON.stringify(own.data)
  own.data = null
  return own.text.length
}

/** Length of the text that a packed window is kept as. */
export const lengthOf = (window: ProbeWindow): number => held.get(window)?.text?.length ?? 0

function dataOf(window: ProbeWindow): unknown {
  const own = held.get(window)
  if (!own || own.text === null) return own?.data ?? null
  const known = own.made?.deref()
  if (known) return known
  const made = JSON.parse(own.text) as object
  own.made = new WeakRef(made)
  return made
}
