import { readdir, readFile, readlink, realpath } from 'node:fs/promises'

/**
 * Processes that have a file open for writing, as far as /proc shows them to us: those of other users only to root.
 * Empty where there is none, or none is shown.
 */
export async function writersOf(file: string): Promise<number[]> {
  const target = await realpath(file).catch(() => null)
  if (target === null) return []
  const writers: number[] = []
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry)
    if (Number.isInteger(pid) && (await writes(pid, target))) writers.push(pid)
  }
  return writers
}

async function writes(pid: number, target: string): Promise<boolean> {
  try {
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      if ((await readlink(`/proc/${pid}/fd/${fd}`)) !== target) continue
      const flags = /^flags:\s*([0-7]+)/m.exec(await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1]
      // O_RDONLY is 0, O_WRONLY 1, O_RDWR 2 (open(2)).
      if (flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0) return true
    }
  } catch {
    // Gone in the meantime, or not ours to look at.
  }
  return false
}
