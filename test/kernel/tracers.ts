import { fetchedTracers } from '../../cli/setup/tracers.mjs'
import { type Bpftrace, inspectBpftrace } from '../../probes/host/bpftrace.ts'

/** A bpftrace to hold scripts against. */
export interface TestTracer {
  /** as a test's name has it */
  name: string
  bpftrace: Bpftrace | null
  /** why it is not here */
  reason: string
}

/** The installed bpftrace, then those of other releases that the set-up could fetch. */
export async function everyTracer(): Promise<TestTracer[]> {
  const { bpftrace } = await inspectBpftrace()
  const installed: TestTracer = { name: 'the installed bpftrace', bpftrace, reason: 'no bpftrace on this host' }
  const isInstalled = (series: string) => bpftrace !== null && bpftrace.version.slice(0, 2).join('.') === series
  const others = fetchedTracers().filter(({ series }) => !isInstalled(series))
  return [
    installed,
    ...(await Promise.all(
      others.map(async ({ series, path, reason }): Promise<TestTracer> => {
        const found = path === null ? null : (await inspectBpftrace({ PROBE_BPFTRACE: path })).bpftrace
        return { name: `bpftrace ${series}`, bpftrace: found, reason: reason || `${path} does not start` }
      }),
    )),
  ]
}
