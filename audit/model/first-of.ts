/** A run may have hundreds of phases: of a list of them in words the first, and how many more there are. */
const MOST_TOLD = 20

export const firstOf = (list: readonly string[]): string[] =>
  list.length <= MOST_TOLD ? [...list] : [...list.slice(0, MOST_TOLD), `and ${list.length - MOST_TOLD} more`]
