/** What the head of an HTTP/1 answer says about reading on. */
export interface Head {
  status: number
  /** bytes of the body, or how its end is told */
  body: number | 'chunked' | 'until-close'
  /** the connection stays open after this answer */
  keepAlive: boolean
  /** keep-alive: timeout=N, in ms */
  idleMs: number | null
}

/** As Node's own parser by default. */
export const MAX_HEAD_BYTES = 16 * 1024

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: [\t\x20-\x7e\x80-\xff]*)?$/
const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/

export const isHeaderLine = (line: string): boolean => headerLine.test(line)

/**
 * Reads a head, given without its last empty line, one character a byte. Null when it is malformed: what it means for the
 * length of the body must not be guessed (RFC 9112, sections 6.3 and 11.2).
 */
export function parseHead(text: string): Head | null {
  const [first = '', ...lines] = text.split('\r\n')
  const [, minor, status] = statusLine.exec(first) ?? []
  if (status === undefined) return null
  let length: number | null = null
  let coding: string | null = null
  let closes = false
  let keeps = false
  let idleMs: number | null = null
  for (const line of lines) {
    const [, name, rest = ''] = headerLine.exec(line) ?? []
    if (name === undefined) return null
    const value = rest.trim()
    switch (name.toLowerCase()) {
      case 'content-length':
        if (length !== null || !/^\d{1,15}$/.test(value)) return null
        length = Number(value)
        break
      case 'transfer-encoding':
        coding = coding === null ? value : `${coding}, ${value}`
        break
      case 'connection':
        for (const token of value.toLowerCase().split(',')) {
          closes ||= token.trim() === 'close'
          keeps ||= token.trim() === 'keep-alive'
        }
        break
      case 'keep-alive': {
        const seconds = /timeout=(\d{1,9})/i.exec(value)?.[1]
        if (seconds !== undefined) idleMs = Number(seconds) * 1000
      }
    }
  }
  if (coding !== null && length !== null) return null
  const isChunked = coding !== null && lastOf(coding) === 'chunked'
  return {
    status: Number(status),
    body: isChunked ? 'chunked' : coding !== null ? 'until-close' : (length ?? 'until-close'),
    keepAlive: !closes && (minor === '1' || keeps),
    idleMs,
  }
}

/** The last of a list of codings. */
const lastOf = (codings: string): string =>
  codings
    .slice(codings.lastIndexOf(',') + 1)
    .trim()
    .toLowerCase()
