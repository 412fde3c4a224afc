export type LoadErrorCode =
  | 'target_unreachable'
  | 'tls_failed'
  | 'generator_died'
  | 'phase_running'
  | 'bad_options'
  | 'stopped'

/** What the load generator could not do: what happened, and what to do about it. */
export class LoadError extends Error {
  readonly code: LoadErrorCode
  readonly fix: string | undefined

  constructor(code: LoadErrorCode, message: string, fix?: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'LoadError'
    this.code = code
    this.fix = fix
  }
}
