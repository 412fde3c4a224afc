/** Why tracing did not start or went on; `log` is everything the tracer said. */
export class TracerError extends Error {
  override readonly name = 'TracerError'
  readonly code: 'no_bpftrace' | 'no_privilege' | 'no_probe' | 'start_failed' | 'died' | 'no_answer'
  readonly fix: string | undefined
  readonly log: string

  constructor(code: TracerError['code'], message: string, options: { fix?: string | undefined; log?: string } = {}) {
    super(message)
    this.code = code
    this.fix = options.fix
    this.log = options.log ?? ''
  }
}
