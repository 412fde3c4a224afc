const MATCH = 1
const IN_A_ROW = 7
const WORD_BEGINS = 6
const TEXT_BEGINS = 8
const AS_TYPED = 100
const NO_MATCH = Number.NEGATIVE_INFINITY

/**
 * Those whose text holds the query's letters in their order, best first, of equals as they came: first what begins as it
 * was typed, then letters in a row, at the start of words and of the text. Case and blanks of the query do not
 * matter.
 */
export function rank<T>(query: string, items: readonly T[], textOf: (item: T) => string): T[] {
  const letters = query.toLowerCase().replaceAll(' ', '')
  if (letters === '') return [...items]
  const start = query.trim().toLowerCase()
  return items
    .map((item) => {
      const text = textOf(item).toLowerCase()
      const score = scoreOf(letters, text) + (text.startsWith(start) ? AS_TYPED : 0)
      return { item, score }
    })
    .filter(({ score }) => score > NO_MATCH)
    .sort((a, b) => b.score - a.score)
    .map(({ item }) => item)
}

/** The best of all ways to find the letters in the text: row by row of the usual table of subsequence alignment. */
function scoreOf(letters: string, text: string): number {
  let ending = new Array<number>(text.length).fill(0)
  for (let i = 0; i < letters.length; i++) {
    const next = new Array<number>(text.length).fill(NO_MATCH)
    // best score of the letters before, ending anywhere left of `at - 1`
    let before = i === 0 ? 0 : NO_MATCH
    for (let at = 0; at < text.length; at++) {
      if (i > 0 && at > 1) before = Math.max(before, ending[at - 2] ?? NO_MATCH)
      if (text[at] !== letters[i]) continue
      const begins = at === 0 ? TEXT_BEGINS : /[a-z0-9]/.test(text[at - 1] ?? '') ? 0 : WORD_BEGINS
      const inRow = i > 0 && at > 0 ? (ending[at - 1] ?? NO_MATCH) + IN_A_ROW : NO_MATCH
      next[at] = Math.max(before, inRow) + MATCH + begins
    }
    ending = next
  }
  return Math.max(NO_MATCH, ...ending)
}
