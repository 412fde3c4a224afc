/** Spans kept of a phase for lanes; more than that nobody can tell apart in a picture. */
const MOST_SPANS = 240
/** So many of the newest stay as they came. */
const FINE_SPANS = 60

/**
 * Adds a span to a history of bounded length that reaches back to the start: when it is full, the two neighbours that are
 * shortest together become one. Older parts grow evenly coarse, the latest minute is as it was measured.
 */
export function remember<T extends { startUs: number; endUs: number }>(
  history: T[],
  next: T,
  merge: (a: T, b: T) => T,
): void {
  history.push(next)
  if (history.length <= MOST_SPANS) return
  let shortest = 0
  let shortestUs = Number.POSITIVE_INFINITY
  for (let i = 0; i + 1 < MOST_SPANS - FINE_SPANS; i++) {
    const us = (history[i + 1]?.endUs ?? 0) - (history[i]?.startUs ?? 0)
    if (us < shortestUs) [shortest, shortestUs] = [i, us]
  }
  const [a, b] = history.slice(shortest, shortest + 2)
  if (a && b) history.splice(shortest, 2, merge(a, b))
}
