/** What went wrong with a profile or with a file that should hold one; `fix` says what to do. */
export class ProfileError extends Error {
  readonly code:
    | 'unknown_column'
    | 'shared_names'
    | 'not_folded'
    | 'not_our_svg'
    | 'not_readable'
    | 'damaged'
    | 'too_large'
    | 'no_such_value'
  readonly fix: string | undefined

  constructor(code: ProfileError['code'], message: string, fix?: string) {
    super(message)
    this.name = 'ProfileError'
    this.code = code
    this.fix = fix
  }
}
