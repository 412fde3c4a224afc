import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Creates a file for what was recorded: private (0600), never over an existing one or through a link, owned by the user
 * who called sudo.
 *
 * @throws the file system's own error (EEXIST, EACCES, ENOSPC, ...) with its path
 */
export async function createPrivateFile(path: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const file = await open(path, flags, 0o600)
  const [uid, gid] = [Number(process.env['SUDO_UID']), Number(process.env['SUDO_GID'])]
  if (process.geteuid?.() === 0 && uid > 0 && gid >= 0) await file.chown(uid, gid)
  return file
}
