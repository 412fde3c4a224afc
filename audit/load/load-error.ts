export type LoadErrorCode =
  | 'target_unreachable'
  | 'generator_died'
  | 'phase_running'
  | 'given_up'
  /** the load tool is not on this host */
  | 'tool_missing'
  /** a file of a load tool is not what can be read */
  | 'samples_unreadable'

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
