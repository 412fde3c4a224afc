import { applyRecord, createRunModel, profileOf, type RecordingRecord } from '../../../audit/index.ts'
import { loadCatalog } from '../../../probes/index.ts'
import { withWall } from '../../../ui/terminal/flame/wall.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'

/** A run with both kinds of stacks that a wall clock is made of; its tab is the fourth. */
export async function wallRun(): Promise<Pick<Scene, 'model' | 'catalog' | 'profileOf'>> {
  const catalog = await loadCatalog()
  const model = createRunModel(catalog)
  for (const record of records) applyRecord(model, record)
  return { model, catalog, profileOf: withWall(profileOf) }
}

const records: RecordingRecord[] = [
  {
    type: 'header',
    format: 'probe-recording',
    version: 1,
    tool: 'probe 0.1.0',
    started: '2026-11-23T15:04:05Z',
    clock: { realtime_ns: '0', monotonic_ns: '0', boottime_ns: '0' },
    host: { name: 'host', kernel: '6.1.0', arch: 'x64', cpus: 2, memory_bytes: 8e9, bpftrace: '0.17' },
    target: { processes: [], selector: '--pid 1', follow: false, ports: [], netns: 1, cgroup: null },
    plan: null,
    probes: ['on-cpu', 'off-cpu'].map((name) => ({ name, variant: 'tracepoints', params: {}, script_sha256: '' })),
    sysctls: {},
  },
  { type: 'frames', from: 0, names: ['main', 'serve', 'schedule_[k]'] },
  { type: 'phase', id: 0, name: 'baseline', kind: 'baseline', start_us: 0 },
  { type: 'window', probe: 'on-cpu', phase: 0, start_us: 0, end_us: 1e6, data: { hz: 100, samples: 10 } },
  {
    type: 'stacks',
    probe: 'on-cpu',
    phase: 0,
    start_us: 0,
    end_us: 1e6,
    unit: 'samples',
    rows: [[10, 10, [0, 1]]],
  },
  {
    type: 'stacks',
    probe: 'off-cpu',
    phase: 0,
    start_us: 0,
    end_us: 1e6,
    unit: 'ns',
    rows: [[6e8, 3, [0, 1], { state: 'blocked' }]],
  },
]
