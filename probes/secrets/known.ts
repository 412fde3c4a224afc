import { HIDDEN, hideSecrets } from './text.ts'

/** Takes out of a text of another program these secrets, word for word, and then all that may be one (`hideSecrets`). */
export function secretsHider(known: readonly string[] = []): (text: string) => string {
  // The longest first: what is left of one must not hide another.
  const sorted = [...known].sort((a, b) => b.length - a.length)
  return (text) => hideSecrets(sorted.reduce((rest, secret) => rest.replaceAll(secret, () => HIDDEN), text))
}
