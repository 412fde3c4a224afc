import { patternOf } from '../../../ui/flame/pattern.ts'
import { VIEWER_PATTERN } from '../../../ui/flame/viewer/pattern.ts'
import { TEXTS } from '../mutate.ts'
import type { Random } from '../random.ts'
import type { FuzzTarget } from '../target.ts'

/** As the viewer has it: a text that a browser runs. */
const ofViewer = new Function(`${VIEWER_PATTERN}; return patternOf`)() as typeof patternOf

const PARTS = [
  'a',
  'b',
  '.',
  '\\w',
  '\\d',
  '\\b',
  '[ab]',
  '[^a]',
  '[a-z]',
  '^',
  '$',
  '(',
  ')',
  '(?:',
  '|',
  '*',
  '+',
  '?',
  '*?',
  '[',
  ']',
  '{2}',
  '\\',
  '(a+)+',
  '(a|a)*',
  '(.*)*',
  '-',
]
const NAMES = ['a'.repeat(4_000), 'ab'.repeat(2_000), `${'a'.repeat(4_000)}!`, 'v8::internal::Call(int)', 'main', '']

const patternIn = (random: Random): string =>
  Array.from({ length: 1 + random.int(random.chance(0.1) ? 200 : 10) }, () =>
    random.pick(random.chance(0.97) ? PARTS : TEXTS),
  ).join('')

const search: FuzzTarget = {
  about: 'search patterns of a link, a file or a reader, on the screen and in the viewer',
  cases: 400,
  open: () => ({
    generate: (random) => ({ kind: 'txt', bytes: Buffer.from(patternIn(random)) }),
    read: ({ bytes }) => {
      const text = bytes.toString()
      const [ours, viewers] = [patternOf(text), ofViewer(text)]
      if (ours.isPattern !== viewers.isPattern)
        return `the viewer takes it ${viewers.isPattern ? '' : 'not '}for a pattern`
      for (const name of NAMES)
        if (ours.test(name) !== viewers.test(name))
          return `the viewer finds ${JSON.stringify(name.slice(0, 40))}, or does not, unlike the screen`
      return null
    },
  }),
}

export const searchTargets = { search }
