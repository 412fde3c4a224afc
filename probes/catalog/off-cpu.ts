import { z } from 'zod'
import { defineProbe } from '../define.ts'
import { percentile } from '../histogram.ts'
import { decode, recordSchema } from './off-cpu/decode.ts'
import { byFutexCalls, byRegisters, LENGTHS, perThread, switchHandlers } from './off-cpu/programs.ts'
import { rememberPorts } from './off-cpu/wait-kind.ts'

/** What a wait was for comes with stacks, so lengths are known of all of them alone: those for work as well. */
const ANY_WAIT = 'any wait'

export const offCpu = defineProbe({
  name: 'off-cpu',
  rank: 30,
  question: 'Where do its threads wait instead of running, and how long do they wait for a CPU?',
  blindTo: [
    'the caller of a libc leaf function where libc keeps no frame pointer',
    'user frames of code built without frame pointers',
    'user frames of the first wait of threads that slept from before the attach (the kernel’s are shown)',
    'what a condition variable stands for, work or another thread, where no known function says it: of unknown kind',
    'on musl (Alpine) conditions from mutexes: both count as locks',
    'an epoll or select of connections that the target made itself, unless a known client library waits in it: it counts as waiting for work',
  ],
  cost: 'medium',
  isDefault: true,
  params: z.object({}),
  record: recordSchema,
  stackUnit: 'ns',
  variants: [
    {
      name: 'registers',
      needs: [{ kind: 'btf' }, { kind: 'machine', is: 'x86_64' }],
      script: (_params, filter) => ({
        begin: rememberPorts(filter),
        handlers: switchHandlers(filter, byRegisters(filter)),
        perThread: [perThread],
      }),
      decode,
    },
    {
      name: 'tracepoint',
      needs: [],
      script: (_params, filter) => ({
        handlers: switchHandlers(filter, byFutexCalls(filter)),
        perThread: [perThread],
      }),
      decode,
    },
  ],
  draw: {
    tab: 'Off-CPU',
    lanes: [
      { label: 'run queue wait', figures: ['runnable'] },
      { label: 'blocked', figures: ['blocked_per_request', 'working'], withStacks: true },
    ],
    histograms: (data) => [
      { label: ANY_WAIT, histogram: data.blocked },
      { label: 'waiting for a CPU', histogram: data.runnable },
    ],
    figures: (data, scope) => {
      const perRequest = (ns: number | undefined) => (scope.requests && ns !== undefined ? ns / scope.requests : null)
      return [
        {
          key: 'blocked_per_request',
          label: 'blocked per request',
          value: perRequest(data.working_ns),
          unit: 'ns_per_request',
          better: 'lower',
          headline: true,
          threads: 'blocked',
          view: 'blocked',
        },
        {
          key: 'working',
          label: 'blocked',
          value: data.working_ns ?? null,
          unit: 'ns',
          adds: true,
          better: 'neutral',
          headline: true,
        },
        {
          key: 'idle',
          label: 'waiting for work',
          value: data.idle_ns ?? null,
          unit: 'ns',
          adds: true,
          better: 'neutral',
        },
        {
          key: 'unknown',
          label: 'waits of unknown kind',
          value: data.unknown_ns ?? null,
          unit: 'ns',
          adds: true,
          better: 'neutral',
          headline: (data.unknown_ns ?? 0) > 0,
          view: 'unknown',
        },
        {
          key: 'lock',
          label: 'blocked by locks',
          value: data.lock_ns ?? null,
          unit: 'ns',
          adds: true,
          better: 'lower',
          view: 'blocked',
        },
        {
          key: 'blocked',
          label: 'blocked, with waiting for work',
          value: data.blocked_ns,
          unit: 'ns',
          adds: true,
          better: 'neutral',
        },
        {
          key: 'runnable',
          label: 'waiting for a CPU',
          value: data.runnable_ns,
          unit: 'ns',
          adds: true,
          better: 'lower',
          headline: true,
          isThrottled: true,
          view: 'runnable',
        },
        {
          key: 'runnable_per_request',
          label: 'waiting for a CPU per request',
          value: perRequest(data.runnable_ns),
          unit: 'ns_per_request',
          better: 'lower',
          threads: 'ready',
          view: 'runnable',
        },
        {
          key: 'blocked_p99',
          label: `${ANY_WAIT} p99`,
          value: percentile(data.blocked, 0.99),
          unit: 'ns',
          better: 'neutral',
        },
        {
          key: 'runnable_p99',
          label: 'waiting for a CPU p99',
          value: percentile(data.runnable, 0.99),
          unit: 'ns',
          better: 'lower',
          view: 'runnable',
        },
        {
          key: 'voluntary',
          label: 'voluntary switches',
          value: data.switches.voluntary,
          unit: 'count',
          adds: true,
          better: 'neutral',
        },
        {
          key: 'involuntary',
          label: 'preempted',
          value: data.switches.involuntary,
          unit: 'count',
          adds: true,
          better: 'lower',
        },
      ]
    },
    flame: {
      unit: 'ns',
      title: 'Off-CPU',
      views: [
        {
          name: 'blocked',
          title: 'blocked time',
          keep: (dims) => dims['state'] === 'blocked' && dims['for'] !== 'work' && dims['for'] !== 'unknown',
          histogram: ANY_WAIT,
        },
        { name: 'waiting', title: 'time waiting for work', keep: (dims) => dims['for'] === 'work' },
        { name: 'unknown', title: 'time in waits of unknown kind', keep: (dims) => dims['for'] === 'unknown' },
        {
          name: 'runnable',
          title: 'time waiting for a CPU',
          keep: (dims) => dims['state'] === 'runnable',
          histogram: 'waiting for a CPU',
        },
        ...LENGTHS.map(({ name, ns }, least) => ({
          name: `over-${name.replace(' ', '')}`,
          title: `blocked in waits of ${name} and more`,
          keep: (dims: Record<string, string>) => LENGTHS.findIndex((length) => length.name === dims['over']) >= least,
          histogram: ANY_WAIT,
          leastNs: ns,
        })),
      ],
    },
  },
  // 2.2 us a switch with two stacks, 0.3 us a wakeup
  estimateNs: (data) => (data.switches.voluntary + data.switches.involuntary) * 2600,
})
