import type { FuzzTarget } from './target.ts'
import { hostTargets } from './targets/host.ts'
import { loadTargets } from './targets/load.ts'
import { recordingTargets } from './targets/recordings.ts'
import { searchTargets } from './targets/search.ts'
import { stackTargets } from './targets/stacks.ts'
import { symbolTargets } from './targets/symbols.ts'
import { tracerTargets } from './targets/tracer.ts'

/** All readers of what others wrote, by name. */
export const targets: Readonly<Record<string, FuzzTarget>> = {
  ...recordingTargets,
  ...stackTargets,
  ...loadTargets,
  ...symbolTargets,
  ...hostTargets,
  ...tracerTargets,
  ...searchTargets,
}
