import { type Dir, opendirSync, readlinkSync } from 'node:fs'

/** A descriptor of a process, and what it leads to: a path, `socket:[inode]`, `anon_inode:[kind]`. */
export interface OpenFile {
  fd: number
  link: string
}

/**
 * Looks at descriptors cost 2 µs each, on the thread that makes the cuts, and any user may hold a million: of one process
 * this many are looked at (servers open what matters early), and of all processes of one look together so many more.
 */
const OF_ONE = 65_536
const OF_ALL = 262_144

/** What is left of one look at many processes. */
export interface Look {
  descriptors: number
}

export const createLook = (descriptors = OF_ALL): Look => ({ descriptors })

/**
 * The open files of a process, lowest descriptor first; `null` where they may not be looked at, or it is gone. What is past
 * the limits is left out: then what the process holds is not known whole.
 */
export function openFiles(pid: number, look: Look = createLook(), most = OF_ONE, root = '/proc'): OpenFile[] | null {
  const path = `${root}/${pid}/fd`
  let directory: Dir
  try {
    directory = opendirSync(path, { bufferSize: ENTRIES_AT_ONCE })
  } catch {
    return null
  }
  const found: OpenFile[] = []
  try {
    for (let left = most; left > 0 && look.descriptors > 0; left--) {
      const entry = directory.readSync()
      if (entry === null) break
      look.descriptors--
      const link = linkOf(`${path}/${entry.name}`)
      if (link !== null) found.push({ fd: Number(entry.name), link })
    }
    return found
  } catch {
    return found // it has ended meanwhile
  } finally {
    directory.closeSync()
  }
}

const ENTRIES_AT_ONCE = 512

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null // closed since it was listed
  }
}
