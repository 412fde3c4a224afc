import { type FileHandle, open } from 'node:fs/promises'

export type FileKind = 'recording' | 'folded' | 'svg'

/** What a file is, by its first bytes; its name says nothing, except that a compressed file is a recording. */
export async function sniff(path: string): Promise<FileKind> {
  if (/\.(gz|zst)$/.test(path)) return 'recording'
  const file: FileHandle = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(512) })
    const start = buffer.toString('utf8', 0, bytesRead).trimStart()
    if (start.startsWith('{')) return 'recording'
    return start.startsWith('<') ? 'svg' : 'folded'
  } finally {
    await file.close()
  }
}
