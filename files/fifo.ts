import { closeSync, constants, openSync } from 'node:fs'
import type { Folder } from './folder.ts'

/** Both ends of a named pipe that another program takes for a file to write. */
export interface FifoEnds {
  /** to read from; the reader closes it */
  reading: number
  /** As long as we hold an end for writing, too, a writer that has not come yet does not look like one that has left. */
  letGo(): void
}

/** Opens a named pipe in a folder of ours, without waiting for who will write. */
export function openFifo(folder: Folder, name: string): FifoEnds {
  const reading = openSync(folder.placeOf(name), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  const held = openSync(folder.placeOf(name), constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  let isHeld = true
  return {
    reading,
    letGo: () => {
      if (isHeld) closeSync(held)
      isHeld = false
    },
  }
}
