import { chmodSync, readdirSync } from 'node:fs'
import type { Folder } from './folder.ts'

/** A socket that was just bound in a private folder: for its owner alone, whatever the umask. */
export const closeToOthers = (folder: Folder, name: string): void => chmodSync(folder.placeOf(name), 0o600)

export const namesIn = (folder: Folder): string[] => readdirSync(`/proc/self/fd/${folder.descriptor}`)
