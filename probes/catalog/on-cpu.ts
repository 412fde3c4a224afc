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
    'samples skipped while another tracing program runs on that CPU (13..41 % at half a million events a second)',
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
    figures: (data, scope) => [
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
        key: 'cpu',
        label: 'on CPU (sampled)',
        value: data.hz > 0 ? (100 * data.samples * 1e6) / data.hz / scope.durationUs : null,
        unit: 'percent',
        better: 'lower',
        headline: true,
      },
      {
        key: 'cpu_per_request',
        label: 'on CPU per request (sampled)',
        value: scope.requests ? (data.samples * 1e9) / data.hz / scope.requests : null,
        unit: 'ns_per_request',
        better: 'lower',
        threads: 'running',
      },
    ],
    flame: { unit: 'samples', title: 'On-CPU', views: [{ name: 'all', title: 'samples on CPU', keep: () => true }] },
  },
  estimateNs: (data) => data.samples * 3300,
})
