import { open } from 'node:fs/promises'
import { type FormatName, type ReadOptions, readProfile, readWhole, totals } from '../../audit/index.ts'
import { extractProfile } from './embed.ts'
import type { RunFlame } from './of-run.ts'

/** A picture of the stacks of another tool, or of an SVG of ours again. */
export async function flameOfFile(
  path: string,
  kind: FormatName | 'svg',
  about: ReadOptions & { title: string },
): Promise<RunFlame> {
  if (kind === 'svg') return flameOfSvg(path)
  const { profile, columns, facts } = await readProfile(path, kind, about)
  const weights = totals(profile)
  const weightOf = (key: string): number => weights[profile.columns.indexOf(key)]?.[0] ?? 0
  const heaviest = columns.reduce(
    (best, { key }) => (weightOf(key) > weightOf(best) ? key : best),
    columns[0]?.key ?? 'all',
  )
  return {
    profile,
    value: profile.unit === 'ns' ? 'time' : 'count',
    options: { title: about.title, lines: facts, columns, view: { column: heaviest } },
  }
}

async function flameOfSvg(path: string): Promise<RunFlame> {
  const { profile, about } = extractProfile(await textOf(path))
  const { title, lines, columns, view, invert, whole, start } = about
  const key = (index: number) => columns[index]?.key ?? ''
  return {
    profile,
    value: profile.unit === 'ns' ? 'time' : 'count',
    options: {
      title,
      lines,
      columns,
      view: Array.isArray(view) ? { base: key(view[0]), candidate: key(view[1]) } : { column: key(view) },
      invert,
      ...(whole === undefined ? {} : { whole }),
      ...(start === undefined ? {} : { start }),
    },
  }
}

async function textOf(path: string): Promise<string> {
  const file = await open(path)
  try {
    return (await readWhole(file, 'svgBytes')).toString('utf8')
  } finally {
    await file.close()
  }
}
