import type { Probe, Variant } from '../define.ts'
import type { Host } from '../host/host.ts'
import { acceptsByRing } from '../host/io-uring.ts'
import { checkNeeds, type Need } from '../host/needs.ts'
import { findObstacle, type Obstacle } from '../host/obstacle.ts'
import { lacking, type Support, supportText } from '../host/support.ts'
import type { Target } from '../host/target.ts'
import { tracepointFields } from '../host/tracefs.ts'
import type { ScriptParts } from '../script/parts.ts'
import { tracepointsOf } from '../script/program.ts'
import { tracepoints } from '../script/tracepoints.ts'
import { targetFilter } from './targets.ts'

/** A probe with the variant this host supports and its script, ready to be put into a program. */
export interface ChosenProbe {
  probe: Probe
  variant: Variant<unknown, unknown>
  params: unknown
  parts: ScriptParts
}

/** Why a variant was not chosen, or which was. */
export interface VariantChoice {
  name: string
  support: Support
}

export interface PrepareOptions {
  /** variant by probe name, where the caller insists on one */
  variants?: Readonly<Record<string, string>>
  params?: Readonly<Record<string, unknown>>
  /** take the variant whatever the host says: to print it, not to run it */
  unchecked?: boolean
}

/**
 * Chooses for each probe the first variant that this host supports.
 * Nothing is attached, except for the trial of kprobe and fexit variants.
 */
export async function chooseVariants(
  probes: readonly Probe[],
  target: Target,
  host: Host,
  options: PrepareOptions = {},
): Promise<{ chosen: ChosenProbe[]; refused: { probe: string; reason: string; fix?: string }[] }> {
  const fields = await allTracepointFields(host)
  const { filter } = targetFilter(target, host, fields)
  const chosen: ChosenProbe[] = []
  const refused: { probe: string; reason: string; fix?: string }[] = []
  const isByRing = !options.unchecked && acceptsByRing(target.processes.map(({ pid }) => pid))
  for (const probe of probes) {
    const params = probe.params.parse(options.params?.[probe.name] ?? {})
    const wanted = options.variants?.[probe.name]
    const candidates =
      wanted === undefined ? inOrder(probe.variants, isByRing) : probe.variants.filter((v) => v.name === wanted)
    let why: Support = { kind: 'no', reason: `no variant called ${wanted}` }
    for (const variant of candidates) {
      const parts = variant.script(params, filter)
      why = options.unchecked ? { kind: 'yes' } : await checkNeeds(needsOf(variant, parts), host)
      if (why.kind === 'yes') {
        chosen.push({ probe, variant, params, parts })
        break
      }
    }
    if (why.kind !== 'yes')
      refused.push({ probe: probe.name, reason: supportText(why), ...(why.fix ? { fix: why.fix } : {}) })
  }
  return { chosen, refused }
}

/** As the probe prefers them; for a target that accepts through io_uring those first that see it. */
const inOrder = <V extends Pick<Variant<unknown, unknown>, 'seesRing'>>(
  variants: readonly V[],
  isByRing: boolean,
): V[] =>
  isByRing ? variants.toSorted((a, b) => Number(b.seesRing ?? false) - Number(a.seesRing ?? false)) : [...variants]

/** What attaching these probes would come to on this host. Nothing is attached, as with chooseVariants. */
export interface Forecast {
  /** what keeps all of them away; then nothing else was asked */
  obstacle: Obstacle | null
  /** those that would be attached, in their order */
  probes: string[]
  refused: { probe: string; reason: string; fix?: string }[]
}

export async function foretell(probes: readonly Probe[], target: Target, host: Host): Promise<Forecast> {
  const obstacle = await findObstacle(host)
  if (obstacle) return { obstacle, probes: [], refused: [] }
  const { chosen, refused } = await chooseVariants(probes, target, host)
  return { obstacle: null, probes: chosen.map(({ probe }) => probe.name), refused }
}

/** Each variant of a probe with the host's answer, for `probe list`: where nothing can be attached, that is the answer. */
export async function examineVariants(probe: Probe, target: Target, host: Host): Promise<VariantChoice[]> {
  const obstacle = await findObstacle(host)
  if (obstacle) return probe.variants.map(({ name }) => ({ name, support: lacking(obstacle.reason, obstacle.fix) }))
  const { filter } = targetFilter(target, host, await allTracepointFields(host))
  const params = probe.params.parse({})
  return Promise.all(
    probe.variants.map(async (variant) => ({
      name: variant.name,
      support: await checkNeeds(needsOf(variant, variant.script(params, filter)), host),
    })),
  )
}

function needsOf(variant: Variant<unknown, unknown>, parts: ScriptParts): Need[] {
  const derived = [...tracepointsOf(parts)].map(
    ([name, fields]): Need => ({ kind: 'tracepoint', name, fields: [...fields] }),
  )
  return [...variant.needs, ...derived]
}

/** The fields that this kernel's tracepoints have, of all that a script may read. */
export async function allTracepointFields(host: Host): Promise<Map<string, ReadonlySet<string>>> {
  const read = async (name: string) => [name, (await tracepointFields(host, name)) ?? new Set<string>()] as const
  return new Map(await Promise.all(Object.keys(tracepoints).map(read)))
}
