import { createCandidateList, type TargetSelector } from '../probes/index.ts'
import { openPicker } from '../ui/index.ts'
import { looksOf, type ScreenFlagValues } from './screen-flags.ts'

/**
 * The selector as given; without any, in a terminal, the process or service that the reader picks; null when they leave the list.
 * Where no list can be shown the selector comes back as it was: what to say of that is the target's business.
 */
export async function pickTarget(selector: TargetSelector, flags: ScreenFlagValues): Promise<TargetSelector | null> {
  const { follow, ...given } = selector
  if (Object.values(given).some((value) => value !== undefined)) return selector
  const picked = await openPicker(createCandidateList(), looksOf(flags))
  if (picked === 'no list') return selector
  if (picked === 'left') return null
  const { pid, port } = picked
  return port === null ? { follow, pids: [pid] } : { follow, port, netns: pid }
}
