/** What a crash would lose of a recording with long windows stands in this file; it is gone when the recording is closed. */
export const tailName = (path: string): string => `${path}.tail`
