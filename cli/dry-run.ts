import {
  type Destination,
  destinationOf,
  type Forecast,
  forecastOf,
  LoadError,
  type Plan,
  type Timetable,
  timetableOf,
} from '../audit/index.ts'
import {
  adviceText,
  adviseTarget,
  chooseVariants,
  dialectOf,
  findObstacle,
  type Host,
  type NamingAdvice,
  type Probe,
  resolveTarget,
  standInTarget,
  type Target,
  TargetError,
  type TargetSelector,
  writeScript,
} from '../probes/index.ts'
import { dryRunText } from '../ui/index.ts'

const OLDEST = [0, 17, 0] as const
const LIMIT_SECONDS = 3600

interface Facts {
  plan: unknown
  /** where the load goes; a text: why that cannot be told; null: it is not known */
  destination: Destination | string | null
  timetable: Timetable
  forecast: Forecast
  privileges: string[]
  /** why the scripts are not about the target itself; null: they are */
  note: string | null
  /** what will be missing from stacks; empty where the target is not there to be looked at */
  advice: readonly NamingAdvice[]
  scripts: { name: string; text: string }[]
}

/** What an audit would do: nothing is attached, sent or written. */
export async function dryRun(
  plan: Plan,
  probes: readonly Probe[],
  host: Host,
): Promise<{ text: string; facts: Facts }> {
  const timetable = timetableOf(plan)
  const forecast = forecastOf(plan, timetable, probes)
  const destination = await whereTo(plan)
  const { target, note } = await targetOf(plan)
  const { chosen, refused } = await chooseVariants(probes, target, host)
  const { text: script } = await writeScript(chosen, target, host, {
    dialect: dialectOf(host.bpftrace?.version ?? OLDEST),
    frame: { kind: 'ticks' },
    limitSeconds: LIMIT_SECONDS,
  })
  const obstacle = await findObstacle(host)
  const privileges = [
    ...(obstacle ? [`nothing can be attached here: ${obstacle.reason}`] : []),
    ...refused.map(({ probe, reason }) => `${probe} cannot run here: ${reason}`),
  ]
  const scripts = [{ name: chosen.map(({ probe }) => probe.name).join(', '), text: script }]
  const advice = note === null ? await adviseTarget(target.processes.map(({ pid }) => pid)) : []
  const text = dryRunText({
    plan: { ...plan, probes: probes.map(({ name }) => name) },
    timetable,
    forecast,
    destination,
    privileges,
    scripts,
  })
  const notes = [...(note === null ? [] : [note]), ...advice.map(adviceText)]
  return {
    text: [text, ...notes.map((one) => `note: ${one}`)].join('\n\n'),
    facts: { plan: plan.written, destination, timetable, forecast, privileges, note, advice, scripts },
  }
}

async function whereTo(plan: Plan): Promise<Destination | string | null> {
  try {
    return await destinationOf(plan)
  } catch (error) {
    if (!(error instanceof LoadError)) throw error
    return error.message
  }
}

/** The target, where it is there; else a stand-in: the script then differs in pids and ports. */
async function targetOf(plan: Plan): Promise<{ target: Target; note: string | null }> {
  const { select, url, follow, command } = plan.target
  const selector: Omit<TargetSelector, 'follow'> = select ?? (url === null ? {} : { port: portOf(new URL(url)) })
  try {
    if (command === null) return { target: await resolveTarget({ ...selector, follow }), note: null }
  } catch (error) {
    if (!(error instanceof TargetError)) throw error
    return { target: standInTarget(), note: `${error.message}: the script is written for another process` }
  }
  return {
    target: standInTarget(),
    note: 'the target is started by the plan: the script is written for another process',
  }
}

const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80))
