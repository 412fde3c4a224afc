import { z } from 'zod'
import { defineProbe } from '../define.ts'
import type { RawFrame } from '../engine/frame.ts'
import { count, latest } from '../record.ts'
import { int, kstack, ustack } from '../script/expr.ts'
import { countIn, resultMap } from '../script/maps.ts'
import { at, record } from '../script/parts.ts'

const total = resultMap('on_cpu_samples', 'count', 'int')
const samples = resultMap('on_cpu', 'count', 'stack', 'stack')

export const onCpu = defineProbe({
  name: 'on-cpu',
  rank: 60,
  question: 'Which code burns its CPU time?',
  blindTo: [
    'samples skipped while another tracing program runs on that CPU (13..41 % at half a million events a second): shares of functions come from those that are left, the time on CPU from the kernel’s own count',
    'user frames of code built without frame pointers',
    'interpreted or just-in-time code without a perf map',
  ],
  cost: 'low',
  isDefault: true,
  params: z.object({
    /** samples a second on each CPU; 99 avoids marching in step with timers */
    hz: z.number().int().min(1).max(999).default(99),
  }),
  record: z.object({ samples: count(), hz: latest(z.number()) }),
  stackUnit: 'samples',
  variants: [
    {
      name: 'profile',
      needs: [{ kind: 'perf-event' }],
      script: (params, filter) => ({
        handlers: [
          at({ type: 'profile', hz: params.hz }, 'a sample of what runs', {
            when: filter.mine,
            body: [record(countIn(total, int(0)), countIn(samples, kstack, ustack))],
          }),
        ],
      }),
      decode: (frame, context) => {
        return {
          data: { samples: frame.rows(total).reduce((n, row) => n + row.value, 0), hz: context.params.hz },
          stacks: frame.rows(samples).map(({ key, value }) => ({
            value,
            count: value,
            frames: context.names(key[1] as RawFrame[], key[0] as RawFrame[]),
          })),
        }
      },
    },
  ],
  draw: {
    tab: 'On-CPU',
    lanes: [{ label: 'on CPU (sampled)', figures: ['cpu'] }],
    // Samples say which code it is; how much it is the kernel counts better: while other tracing programs run it skips some.
    figures: (data, scope) => {
      const sampledNs = data.hz > 0 ? (data.samples * 1e9) / data.hz : null
      const cpuNs = scope.cpuNs ?? null
      const ns = cpuNs ?? sampledNs
      const suffix = cpuNs === null ? ' (sampled)' : ''
      const perRequest = (value: number | null) => (scope.requests && value !== null ? value / scope.requests : null)
      return [
        {
          key: 'time',
          label: `on CPU${suffix}`,
          value: ns,
          unit: 'ns',
          adds: true,
          better: 'neutral',
          headline: true,
        },
        {
          key: 'cpu',
          label: `on CPU${suffix}`,
          value: ns === null ? null : ns / scope.durationUs / 10,
          unit: 'percent',
          better: 'lower',
          headline: true,
        },
        {
          key: 'samples',
          label: 'samples',
          value: data.samples,
          unit: 'count',
          adds: true,
          better: 'neutral',
          headline: true,
        },
        {
          key: 'cpu_per_request',
          label: `on CPU per request${suffix}`,
          value: perRequest(ns),
          ...(cpuNs === null ? {} : { sampled: perRequest(sampledNs) }),
          unit: 'ns_per_request',
          better: 'lower',
          threads: 'running',
        },
      ]
    },
    flame: { unit: 'samples', title: 'On-CPU', views: [{ name: 'all', title: 'samples on CPU', keep: () => true }] },
  },
  estimateNs: (data) => data.samples * 3300,
})
