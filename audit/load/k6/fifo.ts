import { closeSync, constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { execa } from 'execa'
import { LoadError } from '../load-error.ts'
import { findOnPath } from '../program.ts'

export interface FifoReader {
  /** nobody writes any more: `ended` resolves when everything written has been read */
  close(): void
  ended: Promise<void>
}

/**
 * Makes a named pipe and reads it. Another program takes it for a file to write; what is not read yet holds it up instead
 * of filling a disk or its memory.
 */
export async function readFifo(path: string, onData: (chunk: Buffer) => void): Promise<FifoReader> {
  const mkfifo = findOnPath('mkfifo')
  if (mkfifo === null) throw new LoadError('tool_missing', 'no mkfifo on the PATH', 'sudo apt-get install coreutils')
  await execa(mkfifo, ['-m', '600', '--', path], { stdin: 'ignore' })
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  // As long as we hold an end for writing, too, a writer that has not come yet does not look like one that has left.
  const held = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  const socket = new Socket({ fd, readable: true, writable: false })
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
    socket.once('error', () => resolve()) // whoever waits for the end has it
  })
  socket.on('data', onData)
  let isHeld = true
  return {
    close: () => {
      if (isHeld) closeSync(held)
      isHeld = false
    },
    ended,
  }
}
