/** A plan that cannot run: where (file:line:column), what was expected, what to do. */
export class PlanError extends Error {
  override readonly name = 'PlanError'
  readonly code: 'invalid' | 'unreadable'
  readonly fix: string | undefined

  constructor(code: PlanError['code'], message: string, fix?: string) {
    super(message)
    this.code = code
    this.fix = fix
  }
}
