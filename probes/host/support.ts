/**
 * The three-valued answer to "does this host offer it?", kept as it is on the way to the user: `no` is conclusive,
 * `unknown` means that it could not be found out and must not be remembered or shown as a no.
 */
export type Support =
  | { kind: 'yes'; detail?: string }
  | { kind: 'no'; reason: string; fix?: string }
  | { kind: 'unknown'; cause: string; fix?: string }

export const supported = (detail?: string): Support =>
  detail === undefined ? { kind: 'yes' } : { kind: 'yes', detail }

/** @param fix the command that changes it, where there is one */
export const lacking = (reason: string, fix?: string): Support =>
  fix === undefined ? { kind: 'no', reason } : { kind: 'no', reason, fix }

export const undetermined = (cause: string, fix?: string): Support =>
  fix === undefined ? { kind: 'unknown', cause } : { kind: 'unknown', cause, fix }

/** The answer in one line, without the fix. */
export function supportText(support: Support): string {
  if (support.kind === 'yes') return support.detail ?? 'yes'
  return support.kind === 'no' ? support.reason : `unknown: ${support.cause}`
}
