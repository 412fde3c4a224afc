import { readdir } from 'node:fs/promises'
import type { Probe } from '../define.ts'

/**
 * The catalog: every file of this folder that exports a probe. Adding one is adding a file.
 * In order of name, defaults first, so that tabs and tables stand in the same place everywhere.
 */
export async function loadCatalog(): Promise<Map<string, Probe>> {
  const files = (await readdir(new URL('.', import.meta.url))).filter(
    (file) => /^(?!index\.)[\w-]+\.(js|ts)$/.test(file) && !file.endsWith('.d.ts'),
  )
  const modules: Record<string, unknown>[] = await Promise.all(
    files.map((file) => import(new URL(file, import.meta.url).href)),
  )
  const probes = modules.flatMap((exports) => Object.values(exports)).filter(isProbe)
  return new Map(
    probes.sort((a, b) => a.rank - b.rank || a.name.localeCompare(b.name)).map((probe) => [probe.name, probe]),
  )
}

const isProbe = (value: unknown): value is Probe =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'probe'
