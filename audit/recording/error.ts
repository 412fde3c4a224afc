/** What went wrong with a recording file, and what to do. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError'
  readonly code: 'not_a_recording' | 'newer_version' | 'too_large' | 'write_failed' | 'exists'
  readonly fix: string | undefined
  readonly exitCode: number

  constructor(code: RecordingError['code'], message: string, options: { fix?: string; exitCode: number }) {
    super(message)
    this.code = code
    this.fix = options.fix
    this.exitCode = options.exitCode
  }
}
