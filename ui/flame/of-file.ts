import { open, readFile } from 'node:fs/promises'
import { ProfileError, readFolded } from '../../audit/index.ts'
import { extractProfile } from './embed.ts'
import type { RunFlame } from './of-run.ts'

/** A picture of folded stacks, or of an SVG of ours again. */
export async function flameOfFile(
  path: string,
  kind: 'folded' | 'svg',
  about: { title: string; unit: 'samples' | 'ns' | 'count' },
): Promise<RunFlame> {
  if (kind === 'svg') {
    const { profile, about: embedded } = extractProfile(await readFile(path, 'utf8'))
    const { columns, view } = embedded
    const [base, candidate] = Array.isArray(view) ? view : [view, undefined]
    const key = (index: number | undefined) => columns[index ?? 0]?.key ?? ''
    return {
      profile,
      options: {
        title: embedded.title,
        lines: embedded.lines,
        columns,
        view: candidate === undefined ? { column: key(base) } : { base: key(base), candidate: key(candidate) },
        invert: embedded.invert,
      },
    }
  }
  const file = await open(path)
  try {
    const { profile, lines, skipped } = await readFolded(file, { column: 'all', unit: about.unit })
    if (lines === skipped)
      throw new ProfileError('not_folded', `${path} holds no folded stacks`, 'one stack a line: a;b;c 42')
    return {
      profile,
      options: {
        title: about.title,
        lines: [`${lines} folded lines${skipped > 0 ? `, ${skipped} not understood and left out` : ''}`],
        columns: [{ key: 'all', label: 'all' }],
        view: { column: 'all' },
      },
    }
  } finally {
    await file.close()
  }
}
