import { stat } from 'node:fs/promises'
import { applyRecord, createRunModel, type RunModel, readRecording } from '../audit/index.ts'
import type { Probe } from '../probes/index.ts'

/** Reads a whole recording into a model. */
export async function loadRecording(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
): Promise<{ model: RunModel; bytes: number }> {
  const { size } = await stat(path)
  const model = createRunModel(catalog)
  for await (const record of readRecording(path)) applyRecord(model, record)
  return { model, bytes: size }
}
