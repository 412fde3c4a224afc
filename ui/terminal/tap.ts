import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import { type Pointer, partInput } from './mouse.ts'

/** A lone escape is a key when nothing follows it for so long; Ink waits as long again for its own sequences. */
const PATIENCE_MS = 20

export interface Tap {
  /** what Ink reads: the terminal's input without the pointer's reports */
  stdin: ReadStream
  close: () => void
}

/**
 * Stands between the terminal and Ink, which drops the pointer's reports: those go to `onPointer`, all else passes, byte
 * for byte. After `close` the terminal is read no more.
 */
export function tapInput(terminal: ReadStream, onPointer: (pointer: Pointer) => void): Tap {
  const passed = new PassThrough()
  let held = ''
  let timer: NodeJS.Timeout | null = null
  const pass = (typed: string) => {
    if (typed !== '') passed.write(Buffer.from(typed, 'latin1'))
  }
  const release = () => {
    timer = null
    const typed = held
    held = ''
    pass(typed)
  }
  const onData = (chunk: Buffer) => {
    if (timer) clearTimeout(timer)
    timer = null
    const parted = partInput(held, chunk.toString('latin1'))
    held = parted.held
    pass(parted.typed)
    for (const pointer of parted.pointers) onPointer(pointer)
    if (held !== '') timer = setTimeout(release, PATIENCE_MS)
  }
  const onEnd = () => passed.end()
  // A screen before this one has paused it, and then listening alone does not begin to read.
  terminal.on('data', onData).on('end', onEnd).resume()
  const stdin = Object.assign(passed, {
    isTTY: terminal.isTTY,
    isRaw: terminal.isRaw,
    setRawMode: (on: boolean) => {
      terminal.setRawMode(on)
      return stdin
    },
    ref: () => terminal.ref(),
    unref: () => terminal.unref(),
  }) as unknown as ReadStream
  return {
    stdin,
    close: () => {
      if (timer) clearTimeout(timer)
      terminal.off('data', onData).off('end', onEnd)
      terminal.pause()
    },
  }
}
