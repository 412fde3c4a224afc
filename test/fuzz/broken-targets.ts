import { type FuzzTarget, harmIn, type Opened } from './target.ts'

/** A reader that is right but for one case of five. */
const brokenBy = (act: () => ReturnType<Opened['read']>): FuzzTarget => ({
  about: 'a reader that is wrong on purpose',
  cases: 5,
  open: () => {
    let made = -1 // the first is made to warm up
    return {
      generate: () => ({ kind: 'txt', bytes: Buffer.from(`case ${made++}`) }),
      read: ({ bytes }) => (bytes.toString() === 'case 2' ? act() : null),
    }
  },
})

export const targets: Readonly<Record<string, FuzzTarget>> = {
  defect: brokenBy(() => {
    const names: string[][] = []
    return `${names[5]?.length}${(names as unknown as string[])[5]?.startsWith('a')}${(undefined as unknown as string).length}`
  }),
  harm: brokenBy(() => harmIn('the answer', 'a\u009b31m')),
  stray: brokenBy(() => {
    void Promise.reject(new Error('nobody'))
    return null
  }),
  crash: brokenBy(() => process.exit(3)),
  heap: brokenBy(() => {
    const all: object[] = []
    for (;;) all.push({ all: new Array(1_000).fill(all.length) })
  }),
  hang: brokenBy(() => {
    for (let at = 0; ; at = (at + 1) % 1_000) if (at < 0) return null
  }),
  memory: brokenBy(() => (Buffer.alloc(700 << 20, 1).length > 0 ? null : '')),
}
