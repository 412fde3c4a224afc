/** The room's public face: every file that is written goes through here, and names of files are made here. */
export { aboutPath, type ErrnoText, errnoText, FileError } from './error.ts'
export { type FifoEnds, openFifo } from './fifo.ts'
export {
  type FilePlace,
  type Folder,
  freshFolder,
  openFolder,
  openPlace,
  removeEmptyFolder,
  type UnseenFile,
} from './folder.ts'
export { createNames, safeName } from './name.ts'
export { descriptorIn, writeNamed } from './output.ts'
export { runtimeFolder, type TemporaryFolder, temporaryFolder } from './private.ts'
export { closeToOthers, namesIn } from './socket.ts'
export { SYSCTLS, writeSysctl } from './sysctl.ts'
export { batches, type Pieces, writeAll, writeAllNow } from './write-all.ts'
