/** With an ending and a number it stays a name that every file system takes. */
const LONGEST = 100

/**
 * What is safe of a text (a phase, a mark, a scenario, a probe: anybody may have written it) as part of a file's name:
 * letters, digits, `.`, `_` and `-`, never at the start a dot, never empty, of bounded length.
 */
export function safeName(text: string, { otherwise = 'unnamed', longest = LONGEST } = {}): string {
  const kept = text
    .slice(0, 4 * longest) // a text may be of megabytes
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, longest)
    .replace(/[.-]+$/, '')
  return kept === '' ? otherwise : kept
}

/** Safe names for several texts that are told apart, also where upper and lower case are one. */
export function createNames(): (text: string) => string {
  const taken = new Set<string>()
  return (text) => {
    const name = safeName(text)
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? name : `${name}-${n}`
      if (taken.has(candidate.toLowerCase())) continue
      taken.add(candidate.toLowerCase())
      return candidate
    }
  }
}
