import { stat } from 'node:fs/promises'
import { applyRecord, createRunModel, type RunModel, readRecording } from '../audit/index.ts'
import type { Probe } from '../probes/index.ts'
import { UsageError } from './errors.ts'

/** Reads a whole recording into a model. */
export async function loadRecording(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
): Promise<{ model: RunModel; bytes: number }> {
  const bytes = await sizeOfFile(path)
  const model = createRunModel(catalog)
  for await (const record of readRecording(path)) applyRecord(model, record)
  return { model, bytes }
}

/** Size of a file that is to be read, bytes; a directory is refused by name. */
export async function sizeOfFile(path: string): Promise<number> {
  const found = await stat(path)
  if (found.isDirectory()) throw new UsageError(`${path} is a directory`, 'name a file in it')
  return found.size
}
