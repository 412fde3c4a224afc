/** The name within two edits of what was typed, or that it begins; none otherwise. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, edits: typed.length > 1 && name.startsWith(typed) ? 0 : editsBetween(typed, name) }))
    .sort((a, b) => a.edits - b.edits)[0]
  return near && near.edits <= 2 ? near.name : undefined
}

/** Levenshtein distance. */
function editsBetween(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, x] of [...a].entries()) {
    const row = [i + 1]
    for (const [j, y] of [...b].entries())
      row.push(Math.min((row[j] ?? 0) + 1, (previous[j + 1] ?? 0) + 1, (previous[j] ?? 0) + (x === y ? 0 : 1)))
    previous = row
  }
  return previous[b.length] ?? 0
}
