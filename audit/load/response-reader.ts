import { createBodySearch } from './body-search.ts'
import { type Head, isHeaderLine, MAX_HEAD_BYTES, parseHead } from './response-head.ts'

/** Reads the answer to one request at a time from the bytes of a connection, as RFC 9112 frames it; nothing is kept of the body. */
export interface ResponseReader {
  /** status of the answer, 0 before its head is complete */
  readonly status: number
  /** the body held the text that was asked for; true where none was */
  readonly found: boolean
  /** the connection can take another request: valid after `done` */
  readonly reusable: boolean
  /** how long the server keeps an idle connection, by its own word (keep-alive: timeout=N), ms; null: it does not say */
  readonly idleMs: number | null
  /** The next answer is one to a HEAD request or not; `needle`: bytes its body must hold. */
  begin(isHead: boolean, needle: Buffer | null): void
  /** Takes the first `length` bytes; they are not kept. `bad`: this is not HTTP/1, or a head beyond 16 KiB. */
  push(bytes: Buffer, length: number): 'more' | 'done' | 'bad'
  /** The server closed its side. `cut`: in the middle of an answer, or before it. */
  end(): 'done' | 'cut'
}

type Step =
  | 'head'
  | 'length'
  | 'until-close'
  | 'size'
  | 'extension'
  | 'size-lf'
  | 'data'
  | 'data-cr'
  | 'data-lf'
  | 'trailer'
  | 'done'
  | 'bad'

const CR = 13
const LF = 10
const SEMICOLON = 59
const HEAD_END = Buffer.from('\r\n\r\n')

export function createResponseReader(): ResponseReader {
  let step: Step = 'head'
  let isHead = false
  let status = 0
  let reusable = false
  let idleMs: number | null = null
  let search: ReturnType<typeof createBodySearch> | null = null
  /** the part of a head, or of a trailer, that has come so far */
  let text = ''
  /** bytes of the body, or of the chunk, that are still to come */
  let left = 0
  let digits = 0
  let extensionBytes = 0
  // A server under load says the same head again and again: the last one needs no second parsing.
  let lastText = ''
  let lastHead: Head | null = null

  function takeHead(bytes: Buffer, at: number, length: number): number {
    if (text === '') {
      const end = bytes.indexOf(HEAD_END, at)
      if (end >= 0 && end + 4 <= length) {
        if (end - at > MAX_HEAD_BYTES) step = 'bad'
        else applyHead(bytes.toString('latin1', at, end))
        return end + 4
      }
    }
    const before = text.length
    text += bytes.toString('latin1', at, Math.min(length, at + MAX_HEAD_BYTES + 4 - before))
    const end = text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if (end >= 0) {
      const head = text.slice(0, end)
      text = ''
      applyHead(head)
      return at + end + 4 - before
    }
    if (text.length >= MAX_HEAD_BYTES + 4) step = 'bad'
    return length
  }

  function applyHead(headText: string): void {
    const head = headText === lastText ? lastHead : parseHead(headText)
    lastText = headText
    lastHead = head
    if (!head) {
      step = 'bad'
      return
    }
    // 100 and 103 come before the answer; 101 would be another protocol, which nobody asked for.
    if (head.status < 200 && head.status !== 101) return
    status = head.status
    reusable = head.keepAlive
    idleMs = head.idleMs
    const hasNoBody = isHead || status === 204 || status === 304 || status === 101
    if (status === 101) reusable = false
    if (hasNoBody || head.body === 0) step = 'done'
    else if (head.body === 'chunked') {
      step = 'size'
      digits = 0
      left = 0
    } else if (head.body === 'until-close') {
      step = 'until-close'
      reusable = false
    } else {
      step = 'length'
      left = head.body
    }
  }

  function takeBody(bytes: Buffer, at: number, length: number): number {
    const end = step === 'until-close' ? length : Math.min(length, at + left)
    search?.feed(bytes.subarray(at, end))
    left -= end - at
    if (left === 0 && step === 'length') step = 'done'
    else if (left === 0 && step === 'data') step = 'data-cr'
    return end
  }

  /** One byte of the framing of chunks. */
  function takeFraming(byte: number): void {
    if (step === 'size') {
      const digit = hexDigit(byte)
      if (digit >= 0 && digits < 13) {
        left = left * 16 + digit
        digits++
      } else if (digit >= 0 || digits === 0) step = 'bad'
      else if (byte === CR) step = 'size-lf'
      else if (byte === SEMICOLON) {
        step = 'extension'
        extensionBytes = 0
      } else step = 'bad'
    } else if (step === 'extension') {
      if (byte === CR) step = 'size-lf'
      else if (byte === LF || ++extensionBytes > MAX_HEAD_BYTES) step = 'bad'
    } else if (step === 'size-lf') {
      step = byte !== LF ? 'bad' : left > 0 ? 'data' : 'trailer'
    } else if (step === 'data-cr') {
      step = byte === CR ? 'data-lf' : 'bad'
    } else if (step === 'data-lf') {
      step = byte === LF ? 'size' : 'bad'
      digits = 0
      left = 0
    } else takeTrailer(byte)
  }

  function takeTrailer(byte: number): void {
    text += String.fromCharCode(byte)
    if (text === '\r\n') step = 'done'
    else if (byte === LF && text.endsWith('\r\n\r\n'))
      step = text.slice(0, -4).split('\r\n').every(isHeaderLine) ? 'done' : 'bad'
    else if (text.length > MAX_HEAD_BYTES) step = 'bad'
  }

  return {
    get status() {
      return status
    },
    get found() {
      return search?.found ?? true
    },
    get reusable() {
      return reusable
    },
    get idleMs() {
      return idleMs
    },
    begin: (head, needle) => {
      step = 'head'
      isHead = head
      status = 0
      reusable = false
      text = ''
      search = needle && createBodySearch(needle)
    },
    push: (bytes, length) => {
      let at = 0
      while (at < length && step !== 'done' && step !== 'bad') {
        if (step === 'head') at = takeHead(bytes, at, length)
        else if (step === 'length' || step === 'until-close' || step === 'data') at = takeBody(bytes, at, length)
        else takeFraming(bytes[at++] ?? 0)
      }
      if (step === 'bad') return 'bad'
      if (step !== 'done') return 'more'
      // Nobody asked for what follows: whose answer it would be is unknown.
      if (at < length) reusable = false
      return 'done'
    },
    end: () => (step === 'until-close' || step === 'done' ? 'done' : 'cut'),
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
