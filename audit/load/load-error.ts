export type LoadErrorCode =
  | 'target_unreachable'
  | 'tls_failed'
  | 'generator_died'
  | 'phase_running'
  | 'bad_options'
  | 'stopped'
  /** it would leave this host, and nobody has agreed to that */
  | 'no_consent'
  /** more than may be sent without the plan saying so */
  | 'over_ceiling'
  /** k6, JMeter: not on this host */
  | 'tool_missing'
  /** it did not do what it was started for */
  | 'tool_failed'
  /** what it was told to run is not there, or wrong */
  | 'bad_script'
  /** a file of a load tool is not what can be read */
  | 'samples_unreadable'

/** Exit codes of the command line: 2 usage, 3 host, 4 target, 5 the measurement. */
const exitCodes: Readonly<Partial<Record<LoadErrorCode, number>>> = {
  bad_options: 2,
  no_consent: 2,
  over_ceiling: 2,
  bad_script: 2,
  samples_unreadable: 2,
  tool_missing: 3,
  target_unreachable: 4,
  tls_failed: 4,
}

/** What the load generator could not do: what happened, and what to do about it. */
export class LoadError extends Error {
  readonly code: LoadErrorCode
  readonly fix: string | undefined
  readonly exitCode: number

  constructor(code: LoadErrorCode, message: string, fix?: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'LoadError'
    this.code = code
    this.fix = fix
    this.exitCode = exitCodes[code] ?? 5
  }
}
