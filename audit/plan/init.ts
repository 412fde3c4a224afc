import { PlanError } from './error.ts'

/** File names that `probe audit init` writes. */
export const SCHEMA_FILE = 'plan.schema.json'

/**
 * A plan to start from, with a word on everything that is often changed. Editors with a YAML language server complete it
 * by the schema beside it.
 *
 * @throws PlanError when the url is none
 */
export function initPlan(url: string): string {
  const target = URL.canParse(url) ? new URL(url) : null
  if (!target || !/^https?:$/.test(target.protocol))
    throw new PlanError(
      'invalid',
      `expected an http:// or https:// URL, got ${JSON.stringify(url)}`,
      'probe audit init http://127.0.0.1:8080/',
    )
  if (target.username || target.password)
    throw new PlanError(
      'invalid',
      'a URL in a plan is shown and recorded: leave user and password out',
      'load.auth.basic in the plan takes them from the environment',
    )
  target.hash = ''
  const path = target.pathname + target.search
  return `# yaml-language-server: $schema=./${SCHEMA_FILE}
# A plan of probe audit.  Check it: probe audit --dry-run plan.yaml   Run it: probe audit plan.yaml

target:
  url: ${JSON.stringify(target.href)}
  # Watched are the processes that listen on the url's port on this host; or say which:
  # pid: 4242                     # also port, comm, cgroup
  # follow: true                  # their children too
  # command: [node, server.js]    # is started before the first phase and stopped after the last

# The load you expect at the busiest time; percentages below are of this.
peak: 100/s

load:
  connections: 50                 # kept open; keep_alive: false opens one for each request
  timeout: 10s                    # from when a request was due
  # auth: { bearer: $TOKEN }      # from the environment; never recorded
  requests:
    - path: ${JSON.stringify(path)}
      expect: { status: 200 }
    # - { method: POST, path: /orders, body_file: order.json, headers: { content-type: application/json }, weight: 0.2 }

# quick takes a minute. standard is the whole course: idle 1m, warmup 30s, baseline 5m at 100%, stress 15m at 200%,
# recovery 1m at 10%, soak 4h at 80%. Or write your own phases instead of the preset:
preset: quick
# phases:
#   - { name: idle, duration: 30s, rate: 0 }
#   - { name: warmup, duration: 10s, rate: 100%, discard: true }
#   - { name: baseline, duration: 2m, rate: 100% }
#   - { name: climb, duration: 1m, ramp: [100%, 200%] }
#   - { name: stress, duration: 5m, rate: 200%, thresholds: { p99: 100ms } }
#   - { name: stairs, step: { rates: [50%, 100%, 150%], each: 30s } }
#   - { name: capacity, search: { from: 100%, to: 1000%, each: 30s } }   # the highest rate that keeps the thresholds

# What each phase must keep. profile: external stands for p99 200ms; also p50, p999.
thresholds: { p99: 50ms, errors: 1% }

# Stops the load when more than 1% of the requests of the last 5s failed (once there were 200); false: never.
abort: { errors: 1%, window: 5s, min: 200 }

# A load that leaves this host is asked for, unless this allows it. More than ceiling is never sent.
# consent: [api.test, 10.1.0.0/16]
# ceiling: 5000/s               # default: 1000/s elsewhere, 100000/s on this host

# probes: [accept-queue, syscalls, off-cpu]   # default: all that probe list marks as default
# budgets: { overhead: 20%, loss: 5% }        # beyond these the run gives no verdict
`
}
