import { resolve } from 'node:path'
import { DEFAULT_READY_MS } from './limits.ts'
import type { PlannedTarget } from './plan.ts'
import type { Key } from './problem.ts'
import type { WrittenPlan } from './schema.ts'

type WrittenTarget = NonNullable<WrittenPlan['target']>

export interface TargetContext {
  url: URL | null
  needsUrl: boolean
  needsTarget: boolean
  /** of the plan */
  folder: string
  expand(text: string, path: readonly Key[]): string
  report(path: readonly Key[], message: string): void
}

const SELECTORS = ['pid', 'pids', 'port', 'comm', 'cgroup'] as const
const OF_THE_COMMAND = ['cwd', 'env', 'ready'] as const

/** What is watched and where requests go. */
export function settleTarget(written: WrittenTarget = {}, context: TargetContext): PlannedTarget {
  const { report, url } = context
  const chosen = SELECTORS.filter((key) => written[key] !== undefined)
  const [selector, second] = chosen
  if (second) report(['target', second], `expected one of ${SELECTORS.join(', ')}, got ${chosen.join(' and ')}`)
  if (written.command && (selector === 'pid' || selector === 'pids'))
    report(['target', selector], 'the process of a command has no number yet: leave it out')
  if (written.netns !== undefined && (selector ? selector !== 'port' : !url))
    report(['target', 'netns'], 'this is for a port, and there is none')
  if (!written.command)
    for (const key of OF_THE_COMMAND)
      if (written[key] !== undefined) report(['target', key], 'this is for a command, and there is none')
  if (context.needsUrl && written.url === undefined)
    report(['target', 'url'], 'missing: expected where requests go, like http://127.0.0.1:8080/')
  else if (context.needsTarget && !url && !selector && !written.command)
    report(['target'], `missing: expected one of url, ${SELECTORS.join(', ')} or command`)
  return {
    url: url?.href ?? null,
    select: selector ? selectOf(written) : url && written.netns !== undefined ? portOf(url, written.netns) : null,
    follow: written.follow ?? written.command !== undefined,
    command: commandOf(written, context),
  }
}

const portOf = ({ port, protocol }: URL, netns: number): NonNullable<PlannedTarget['select']> => ({
  port: Number(port || (protocol === 'https:' ? 443 : 80)),
  netns,
})

function selectOf({ pid, pids, port, netns, comm, cgroup }: WrittenTarget): NonNullable<PlannedTarget['select']> {
  if (pid !== undefined) return { pids: [pid].flat() }
  if (pids) return { pids }
  if (port !== undefined) return { port, ...(netns === undefined ? {} : { netns }) }
  if (comm !== undefined) return { comm }
  return cgroup === undefined ? {} : { cgroup }
}

function commandOf(written: WrittenTarget, { folder, expand }: TargetContext): PlannedTarget['command'] {
  const [program, ...rest] = written.command ?? []
  if (program === undefined) return null
  return {
    argv: [program, ...rest],
    cwd: resolve(folder, written.cwd ?? '.'),
    env: Object.fromEntries(
      Object.entries(written.env ?? {}).map(([name, text]) => [name, expand(text, ['target', 'env', name])]),
    ),
    readyMs: written.ready ?? DEFAULT_READY_MS,
  }
}
