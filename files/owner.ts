import { readFileSync, type Stats, statSync } from 'node:fs'

/** The user who called sudo; null where nobody did. What a run leaves belongs to them. */
export function invoker(): { uid: number; gid: number } | null {
  const [uid, gid] = [Number(process.env['SUDO_UID']), Number(process.env['SUDO_GID'])]
  return process.geteuid?.() === 0 && uid > 0 && gid >= 0 ? { uid, gid } : null
}

/**
 * Whose folders and links may lead to what is written: ours, root's (in a user namespace: of who owns the root folder), and
 * of results also of the user who called sudo. Not so of working files: their owner could exchange them under root's hands.
 */
export function trusted(of: 'results' | 'work'): (uid: number) => boolean {
  const uids = new Set([0, process.geteuid?.() ?? 0, statSync('/').uid])
  const user = of === 'results' ? invoker() : null
  if (user) uids.add(user.uid)
  return (uid) => uids.has(uid)
}

/**
 * Why somebody else could exchange what stands in a folder, and what would end that; null when nobody can.
 *
 * @param name of the folder, for people
 */
export function exposure(
  folder: Stats,
  name: string,
  isTrusted: (uid: number) => boolean,
): { why: string; fix?: string } | null {
  const told = name === '.' ? 'the working directory' : name
  if (!isTrusted(folder.uid))
    return { why: `${told} belongs to another user (uid ${folder.uid}), who could exchange it` }
  // Sticky, as /tmp is: everybody may add names, and nobody may touch those of others.
  if ((folder.mode & 0o1000) !== 0) return null
  if ((folder.mode & 0o002) !== 0)
    return { why: `every user may write to ${told} and could exchange it`, fix: `chmod o-w ${name}` }
  if ((folder.mode & 0o020) !== 0 && !isPrivateGroup(folder))
    return { why: `all of group ${folder.gid} may write to ${told} and could exchange it`, fix: `chmod g-w ${name}` }
  return null
}

/** Many systems give each user a group of their own, and leave what they make writable to it. */
function isPrivateGroup({ uid, gid }: Stats): boolean {
  if (gid === 0) return true
  const owner = rowsOf('/etc/passwd').find((row) => row[2] === String(uid))?.[0]
  const others = rowsOf('/etc/passwd').some((row) => row[3] === String(gid) && row[2] !== String(uid))
  const group = rowsOf('/etc/group').find((row) => row[2] === String(gid))
  const members = (group?.[3] ?? '').split(',').filter((name) => name !== '' && name !== owner && name !== 'root')
  if (others || members.length > 0) return false
  // Of a group that is not listed here (a container, a directory service) only our own can be judged at all.
  return group !== undefined || gid === (invoker()?.gid ?? process.getegid?.())
}

function rowsOf(path: string): string[][] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
  } catch {
    return [] // a minimal container has none
  }
}
