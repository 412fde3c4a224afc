import type { WriteStream } from 'node:tty'

/**
 * Lets writes to a terminal that does not take them (a paused one, a slow ssh link) wait in memory instead of stopping
 * the whole process: Node opens terminals blocking. Returns how to undo that. Where the runtime does not offer it, the
 * stream stays as it is.
 */
export function unblock(stdout: WriteStream): () => void {
  // Not in the typings; the counterpart of what node:tty does in its constructor.
  const { _handle: handle } = stdout as WriteStream & { _handle?: { setBlocking?: (on: boolean) => unknown } }
  handle?.setBlocking?.(false)
  return () => {
    // With writes still waiting the runtime aborts when the handle is made blocking.
    if (stdout.writableLength === 0) handle?.setBlocking?.(true)
  }
}
