import { Socket } from 'node:net'
import { execa } from 'execa'
import { type Folder, openFifo } from '../../../files/index.ts'
import { LoadError } from '../load-error.ts'
import { findOfSystem } from '../program.ts'

export interface FifoReader {
  /** nobody writes any more: `ended` resolves when everything written has been read */
  close(): void
  ended: Promise<void>
}

/**
 * Makes a named pipe and reads it. Another program takes it for a file to write; what is not read yet holds it up instead
 * of filling a disk or its memory.
 */
export async function readFifo(folder: Folder, name: string, onData: (chunk: Buffer) => void): Promise<FifoReader> {
  const mkfifo = findOfSystem('mkfifo')
  if (mkfifo === null) throw new LoadError('tool_missing', 'no mkfifo on this host', 'install coreutils')
  await execa(mkfifo, ['-m', '600', '--', folder.pathOf(name)], { stdin: 'ignore', extendEnv: false })
  const { reading, letGo } = openFifo(folder, name)
  const socket = new Socket({ fd: reading, readable: true, writable: false })
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
    socket.once('error', () => resolve()) // whoever waits for the end has it
  })
  socket.on('data', onData)
  return { close: letGo, ended }
}
