import { createCandidateList, type TargetSelector } from '../probes/index.ts'
import { openPicker } from '../ui/index.ts'
import { looksOf, type ScreenFlagValues } from './screen-flags.ts'

/**
 * The selector as given; without any, in a terminal, the process or service that the reader picks. Who leaves without picking gets the
 * selector back as it was: what to say of that is the target's business.
 */
export async function pickTarget(selector: TargetSelector, flags: ScreenFlagValues): Promise<TargetSelector> {
  const { follow, ...given } = selector
  if (Object.values(given).some((value) => value !== undefined)) return selector
  const chosen = await openPicker(createCandidateList(), looksOf(flags))
  if (chosen === null) return selector
  const { pid, port } = chosen
  return port === null ? { follow, pids: [pid] } : { follow, port, netns: pid }
}
