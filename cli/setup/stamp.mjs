import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What `npm run build` reads. */
const sources = [
  'files',
  'probes',
  'audit',
  'ui',
  'cli',
  'fixtures/targets',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

/** Where the build writes down what it was made from. */
export const stampFile = 'dist/.built'

/** One hash over the content of every source: neither `git checkout` nor a copied tree can fool it, as times would. */
export function sourceStamp(root) {
  const hash = createHash('sha256')
  for (const file of sources.flatMap((path) => filesUnder(root, path)).sort())
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

/** Paths relative to `root` of the files at or under `path`. */
export function filesUnder(root, path) {
  try {
    return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path]
    if (error.code === 'ENOENT') return []
    throw error
  }
}
