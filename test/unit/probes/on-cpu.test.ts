import { expect, test } from 'vitest'
import { onCpu } from '../../../probes/catalog/on-cpu.ts'

const figures = (scope: { requests?: number | null; cpuNs?: number | null }) =>
  Object.fromEntries(
    onCpu.draw
      .figures({ samples: 59, hz: 99 }, { durationUs: 2e6, requests: null, ...scope })
      .map(({ key, label, value, sampled }) => [key, { label, value, sampled }]),
  )

test('time on CPU is the kernel’s count where it is known, and samples beside it stay samples', () => {
  expect(figures({ cpuNs: 836e6, requests: 100 })).toEqual({
    time: { label: 'on CPU', value: 836e6, sampled: undefined },
    cpu: { label: 'on CPU', value: 41.8, sampled: undefined },
    samples: { label: 'samples', value: 59, sampled: undefined },
    cpu_per_request: { label: 'on CPU per request', value: 8.36e6, sampled: 59e9 / 99 / 100 },
  })
})

test('without it samples stand in, and are called so', () => {
  for (const cpuNs of [null, undefined])
    expect(figures({ ...(cpuNs === null ? { cpuNs } : {}) })).toMatchObject({
      time: { label: 'on CPU (sampled)', value: 59e9 / 99 },
      cpu: { label: 'on CPU (sampled)' },
      cpu_per_request: { label: 'on CPU per request (sampled)', value: null, sampled: undefined },
    })
})
