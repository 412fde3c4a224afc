import type { LoadRecord } from '../recording/format.ts'

/** A `load` record before the recording's clock: times are CLOCK_MONOTONIC ns, as process.hrtime.bigint() reads it. */
export type LoadSlice = Omit<LoadRecord, 'type' | 'start_us' | 'end_us'> & { startNs: bigint; endNs: bigint }

/** The `load` record of a slice in a recording that started at `startedNs` (CLOCK_MONOTONIC). */
export const loadRecordOf = ({ startNs, endNs, ...rest }: LoadSlice, startedNs: bigint): LoadRecord => ({
  type: 'load',
  start_us: Number((startNs - startedNs) / 1000n),
  end_us: Number((endNs - startedNs) / 1000n),
  ...rest,
})
