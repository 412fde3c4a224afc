/** A release of Debian and the bpftrace it brings; `path` is null where it was not fetched, `reason` then says how. */
export interface FetchedTracer {
  release: string
  series: string
  path: string | null
  reason: string
}

export function fetchedTracers(): FetchedTracer[]
export function fetchTracers(say: (text: string) => void): void
