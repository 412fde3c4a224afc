import { cgroups } from './cgroup-tree.ts'
import { clock } from './clock.ts'
import { connections } from './connections.ts'
import { connectionTracking } from './conntrack.ts'
import { cards, interfaces } from './devices.ts'
import { interrupts, softInterrupts } from './interrupts.ts'
import { listenBacklogs } from './listen-backlogs.ts'
import { listenQueues } from './listen-queues.ts'
import { memory, virtualMemory } from './memory.ts'
import { openFiles } from './open-files.ts'
import { pressure } from './pressure.ts'
import { membership, processes } from './process.ts'
import { processors } from './processors.ts'
import { inputOutput, resources } from './resources.ts'
import { ipv6, sockets } from './sockets.ts'
import { softnet } from './softnet.ts'
import type { Source } from './source.ts'
import { threads } from './threads.ts'

/** All that is sampled beside the probes, the target's first. The counters of its network namespace come with each cut. */
export const sources: readonly Source[] = [
  ...[membership, processes, resources, inputOutput, threads, cgroups],
  ...[listenQueues, listenBacklogs, connections, sockets, ipv6, interfaces, connectionTracking],
  ...[processors, pressure, virtualMemory, memory, softnet, softInterrupts, interrupts, cards, openFiles],
  clock,
]
