/**
 * Sorts symbols by start address and leaves those that share one in the order in which the tracer has them. Of several
 * names of a function (`nanosleep`, `__GI___nanosleep`) bpftrace prints the one that libbcc's `std::sort` put last, and
 * that is no rule but an outcome: introsort is not stable. Doing the same steps gives the same name (400 of 400 aliases
 * of libc), so that frames named here and frames named by the tracer are one box in a flame graph.
 *
 * @param starts in the order of the symbol tables; sorted in place
 * @returns for each place of the sorted array where it was before
 */
export function sortAsTracer(starts: Float64Array): Uint32Array {
  const order = new Uint32Array(starts.length)
  for (let i = 0; i < order.length; i++) order[i] = i
  const symbols: Symbols = { starts, order }
  const depth = 2 * Math.floor(Math.log2(Math.max(1, starts.length)))
  sortLongRuns(symbols, 0, starts.length, depth)
  insertEach(symbols)
  return order
}

interface Symbols {
  starts: Float64Array
  order: Uint32Array
}

/** Runs up to this length are left to the insertion sort (libstdc++'s _S_threshold). */
const SHORT = 16

function sortLongRuns(symbols: Symbols, first: number, last: number, depth: number): void {
  while (last - first > SHORT) {
    // Only a table made to defeat quicksort comes here: its order is not the tracer's, but it is sorted in time.
    if (depth === 0) {
      sortStably(symbols, first, last)
      return
    }
    depth--
    const middle = first + ((last - first) >> 1)
    swap(symbols, first, medianOf(symbols.starts, first + 1, middle, last - 1))
    const cut = partition(symbols, first + 1, last, at(symbols.starts, first))
    sortLongRuns(symbols, cut, last, depth)
    last = cut
  }
}

function medianOf(starts: Float64Array, a: number, b: number, c: number): number {
  const [x, y, z] = [at(starts, a), at(starts, b), at(starts, c)]
  if (x < y) return y < z ? b : x < z ? c : a
  return x < z ? a : y < z ? c : b
}

/** The pivot lies before `left`, so neither scan can leave the array. */
function partition(symbols: Symbols, left: number, right: number, pivot: number): number {
  for (;;) {
    while (at(symbols.starts, left) < pivot) left++
    right--
    while (pivot < at(symbols.starts, right)) right--
    if (left >= right) return left
    swap(symbols, left, right)
    left++
  }
}

function insertEach({ starts, order }: Symbols): void {
  for (let i = 1; i < starts.length; i++) {
    const [start, index] = [at(starts, i), order[i] ?? 0]
    let to = i
    while (to > 0 && start < at(starts, to - 1)) {
      starts[to] = at(starts, to - 1)
      order[to] = order[to - 1] ?? 0
      to--
    }
    starts[to] = start
    order[to] = index
  }
}

function sortStably({ starts, order }: Symbols, first: number, last: number): void {
  const [values, indices] = [starts.slice(first, last), order.slice(first, last)]
  const places = Uint32Array.from(values, (_, i) => i)
  places.sort((a, b) => at(values, a) - at(values, b) || a - b)
  for (const [i, place] of places.entries()) {
    starts[first + i] = at(values, place)
    order[first + i] = indices[place] ?? 0
  }
}

function swap({ starts, order }: Symbols, a: number, b: number): void {
  const [start, index] = [at(starts, a), order[a] ?? 0]
  starts[a] = at(starts, b)
  order[a] = order[b] ?? 0
  starts[b] = start
  order[b] = index
}

const at = (starts: Float64Array, index: number): number => starts[index] ?? 0
