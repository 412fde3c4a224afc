import { open } from 'node:fs/promises'
import { ProfileError } from '../profile/error.ts'
import { folded } from './folded.ts'
import type { Format, ReadOptions, ReadProfile } from './format.ts'
import { perfScript } from './perf-script.ts'
import { pprof } from './pprof.ts'
import { speedscope } from './speedscope.ts'

/** File formats of stacks, in the order in which a file is held against them: what is surest first. */
export const formats: readonly Format[] = [pprof, speedscope, perfScript, folded]

export type FormatName = Format['name']

/** The formats that are written, by name. */
export const writableFormats: readonly FormatName[] = formats.filter(({ write }) => write).map(({ name }) => name)

export function formatNamed(name: FormatName): Format {
  return formats.find((format) => format.name === name) ?? folded
}

/** The format that a file of this name should have; null when its ending says nothing. */
export const formatOfPath = (path: string): FormatName | null =>
  formats.find(({ write, extensions }) => write && extensions.some((extension) => path.endsWith(extension)))?.name ??
  null

/** Reads a file of stacks whose kind is known (see sniff.ts). Throws ProfileError, which names the file. */
export async function readProfile(path: string, name: FormatName, options: ReadOptions): Promise<ReadProfile> {
  const format = formatNamed(name)
  if (!format.read)
    throw new ProfileError(
      'not_readable',
      `${path} is ${format.label}, which is written but not read`,
      `give ${formats
        .filter(({ read }) => read)
        .map(({ label }) => label)
        .join(', ')}`,
    )
  if (!options.source) {
    const file = await open(path)
    try {
      return await readProfile(path, name, { ...options, source: file })
    } finally {
      await file.close()
    }
  }
  try {
    return await format.read(options.source, options)
  } catch (error) {
    if (error instanceof ProfileError && !error.message.startsWith(path)) error.message = `${path}: ${error.message}`
    throw error
  }
}
