import { ProfileError } from '../profile/error.ts'
import { foldedLines, readFolded } from '../profile/folded.ts'
import type { Format } from './format.ts'

/** Folded stacks, a line each. They hold one column: several are added up. */
export const folded: Format = {
  name: 'folded',
  label: 'folded stacks',
  extensions: ['.folded', '.collapsed', '.txt'],
  begins: () => true,
  async read(file, { unit }) {
    const { profile, lines, skipped } = await readFolded(file, { column: 'all', unit })
    if (lines === 0) throw new ProfileError('not_folded', 'holds no folded stacks', 'one stack a line: a;b;c 42')
    return {
      profile,
      columns: [{ key: 'all', label: 'all' }],
      facts: [`${lines} folded lines${skipped > 0 ? `, ${skipped} not understood and left out` : ''}`],
    }
  },
  *write(profile, { columns }) {
    for (const { key } of columns) for (const line of foldedLines(profile, key)) yield `${line}\n`
  },
}
