import { applyRecord, createRunModel, profileOf, type RecordingRecord } from '../../../audit/index.ts'
import { loadCatalog } from '../../../probes/index.ts'
import { withWall } from '../../../ui/terminal/flame/wall.ts'
import type { Scene } from '../../../ui/terminal/scene.ts'
import { recordingHeader } from '../../recording-header.ts'

/** A run with both kinds of stacks that a wall clock is made of; its tab is the fourth. */
export async function wallRun(): Promise<Pick<Scene, 'model' | 'catalog' | 'profileOf'>> {
  const catalog = await loadCatalog()
  const model = createRunModel(catalog)
  for (const record of records) applyRecord(model, record)
  return { model, catalog, profileOf: withWall(profileOf) }
}

const records: RecordingRecord[] = [
  recordingHeader(['on-cpu', 'off-cpu']),
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
