import { type KernelTypes, readKernelTypes } from '../host/btf.ts'
import type { Host } from '../host/host.ts'
import type { Target } from '../host/target.ts'
import type { FrameOptions } from '../script/frame.ts'
import { UnknownFieldError } from '../script/print.ts'
import { buildProgram, type Program } from '../script/program.ts'
import { allTracepointFields, type ChosenProbe } from './choose.ts'
import { targetFilter } from './targets.ts'

/** Entries that any map of a script may hold; a map at its limit is reported as loss. */
export const MAP_ENTRIES = 8_192

type ScriptOptions = Pick<FrameOptions, 'dialect' | 'frame' | 'limitSeconds'>

/** The script as `probe script` prints it, for any bpftrace version. */
export async function writeScript(
  chosen: readonly ChosenProbe[],
  target: Target,
  host: Host,
  options: ScriptOptions,
): Promise<Program> {
  return programFor(chosen, target, host, await allTracepointFields(host), options)
}

/** One script for all of them, of this target. */
export function programFor(
  chosen: readonly ChosenProbe[],
  target: Target,
  host: Host,
  fields: ReadonlyMap<string, ReadonlySet<string>>,
  options: ScriptOptions,
): Program {
  const build = (layout: KernelTypes | null) =>
    buildProgram(
      chosen.map(({ probe, parts }) => ({ name: probe.name, parts })),
      { ...options, layout, mapEntries: MAP_ENTRIES, targets: targetFilter(target, host, fields).parts },
    )
  // A script for reading keeps the names; one for running may take the shorter way.
  const layout = options.frame.kind === 'cuts' && options.dialect.resolvesStructsSlowly ? readKernelTypes() : null
  try {
    return build(layout)
  } catch (error) {
    if (!(error instanceof UnknownFieldError)) throw error
    return build(null)
  }
}
