/** Where bytes are read from, in order: an open file, or a pipe of which some were looked at already. */
export interface ByteSource {
  /** Reads at most `length` bytes to `into[offset]`; 0 bytes are the end. */
  read(into: Buffer, offset: number, length: number): Promise<{ bytesRead: number }>
}
