import { type Listener, listenersOf, readQueues } from '../../probes/index.ts'
import type { Scope, Source, Values } from './source.ts'

/**
 * Connections that wait to be accepted on each port of the target (Recv-Q of `ss -ltn`), between two accepts as well.
 * Their limits and drops are not in /proc: listen-backlogs.ts.
 */
export const listenQueues: Source = {
  name: 'listeners',
  from: '/proc/PID/net/tcp, tcp6: sockets that listen',
  every: 1,
  open: openListeners,
}

/** Several sockets on one port (SO_REUSEPORT) each have a queue: the longest counts, one sick worker is enough. */
export function queueValues(listeners: readonly Listener[]): Values | null {
  const values: Values = {}
  for (const { port, recvQ } of listeners.slice(0, LISTENERS_READ)) {
    values[`${port}.waiting`] = Math.max(values[`${port}.waiting`] ?? 0, recvQ)
    values[`${port}.sockets`] = (values[`${port}.sockets`] ?? 0) + 1
  }
  return Object.keys(values).length > 0 ? values : null
}

const LISTENERS_READ = 64
/** Looking for sockets anew walks all descriptors of the target: only when some were closed, and not at each sample. */
const LOOK_AGAIN_AFTER = 10

function openListeners({ target, roster }: Scope) {
  let known = listenersOf(roster.pids())
  let sinceLook = 0
  return {
    read: () => {
      const now = readQueues(target.netnsPid, known)
      sinceLook++
      if ((now.length < known.length || known.length === 0) && sinceLook >= LOOK_AGAIN_AFTER) {
        known = listenersOf(roster.pids())
        sinceLook = 0
        return queueValues(known)
      }
      return queueValues(now)
    },
    close: () => undefined,
  }
}
