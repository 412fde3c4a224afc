/**
 * A file that could not be written, or a place where nothing should be: what happened, to what, what to do. `exitCode` is of
 * the command line's contract: 2 what was named cannot be used, 3 the host does not have it.
 */
export class FileError extends Error {
  override readonly name = 'FileError'
  /** the system's own (ENOSPC, EEXIST, ...), or `unsafe` for a place that somebody else could exchange */
  readonly code: string
  readonly fix: string | undefined
  readonly exitCode: number
  readonly path: string

  constructor(code: string, path: string, message: string, { fix, exitCode }: { fix?: string; exitCode: number }) {
    super(message)
    this.code = code
    this.path = path
    this.fix = fix
    this.exitCode = exitCode
  }
}

export interface ErrnoText {
  text: string
  fix?: string
  exitCode: 2 | 3
}

/** What the errors of files mean to who meets them. */
export const errnoText: Readonly<Record<string, ErrnoText>> = {
  ENOENT: { text: 'no such file or directory', fix: 'check the path', exitCode: 2 },
  EBADF: { text: 'no such descriptor is open', fix: 'open it in the shell: 3>FILE', exitCode: 2 },
  EISDIR: { text: 'it is a directory', fix: 'name a file in it', exitCode: 2 },
  ENOTDIR: { text: 'a part of the path is not a directory', fix: 'check the path', exitCode: 2 },
  EEXIST: { text: 'it exists already', fix: 'choose another name', exitCode: 2 },
  ELOOP: { text: 'it is a symbolic link', fix: 'name the file itself', exitCode: 2 },
  ENAMETOOLONG: { text: 'the name is too long', fix: 'choose a shorter one', exitCode: 2 },
  EACCES: { text: 'permission denied', fix: 'choose another place, or ask for the right to it', exitCode: 3 },
  EPERM: { text: 'not permitted', exitCode: 3 },
  EROFS: { text: 'the file system is read-only', fix: 'choose another place', exitCode: 3 },
  ENOSPC: { text: 'no space left on the device', fix: 'free some space, or choose another place', exitCode: 3 },
  EDQUOT: { text: 'disk quota exceeded', fix: 'free some space, or choose another place', exitCode: 3 },
  EFBIG: { text: 'a file may not be that large here', fix: 'raise ulimit -f, or choose another place', exitCode: 3 },
  EIO: { text: 'the device does not take it (I/O error)', fix: 'choose another place', exitCode: 3 },
  EMFILE: { text: 'too many open files', fix: 'raise the limit: ulimit -n 1024', exitCode: 3 },
  ENFILE: { text: 'the host has too many open files', exitCode: 3 },
  ENOMEM: { text: 'out of memory', exitCode: 3 },
  ETXTBSY: { text: 'it is being run', fix: 'choose another name', exitCode: 2 },
  EBUSY: { text: 'it is in use', fix: 'choose another name', exitCode: 2 },
}

/** An error of the file system as one that names the path people know; every other error as it is. */
export function aboutPath(error: unknown, verb: string, path: string): unknown {
  if (error instanceof FileError || !(error instanceof Error) || !('code' in error)) return error
  const known = errnoText[String(error.code)]
  if (!known) return error
  return new FileError(String(error.code), path, `cannot ${verb} ${path}: ${known.text}`, known)
}
