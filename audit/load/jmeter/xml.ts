import { StringDecoder } from 'node:string_decoder'

export interface XmlEvents {
  open(name: string, attributes: ReadonlyMap<string, string>): void
  close(name: string): void
  /** text between tags, in pieces as they come */
  text?(text: string): void
  /** something that cannot be read was passed over */
  skipped?(what: string): void
}

/** Longest tag or comment that is read, characters: an attribute may hold a response message. */
const MARKUP_LIMIT = 1024 * 1024
const ENTITY_LIMIT = 12

/**
 * Reads XML as it comes, whatever its chunks: elements, attributes, text. Tolerant, since files of a running or killed tool
 * have no end. Nothing is ever expanded: a document's own entities stay as they are written, no file or address is
 * opened, and what is kept at a time is bounded.
 */
export function createXmlScanner(events: XmlEvents): { write(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder('utf8')
  let pending = ''
  /** what ends the markup that grew too long, while it is passed over */
  let passingTo: string | null = null

  const scan = () => {
    let at = 0
    while (at < pending.length) {
      if (passingTo !== null) {
        const end = pending.indexOf(passingTo, at)
        if (end < 0) {
          // The end itself may be split.
          at = Math.max(at, pending.length - passingTo.length + 1)
          break
        }
        at = end + passingTo.length
        passingTo = null
        continue
      }
      if (pending[at] !== '<') {
        const next = pending.indexOf('<', at)
        let to = next < 0 ? pending.length : next
        if (next < 0) {
          const entity = pending.lastIndexOf('&')
          if (entity >= at && to - entity < ENTITY_LIMIT && pending.indexOf(';', entity) < 0) to = entity
        }
        if (to > at) events.text?.(unescapeXml(pending.slice(at, to)))
        at = to
        if (next < 0) break
        continue
      }
      const kind = kindAt(pending, at)
      if (kind === null) break
      const end = kind.end === '>' ? tagEnd(pending, at) : pending.indexOf(kind.end, at + kind.start.length)
      const length = (end < 0 ? pending.length : end + kind.end.length) - at
      if (length > MARKUP_LIMIT) {
        events.skipped?.(`markup of more than ${MARKUP_LIMIT} characters`)
        passingTo = kind.end
        at += kind.start.length
        continue
      }
      if (end < 0) break
      tell(kind, pending.slice(at + kind.start.length, end))
      at = end + kind.end.length
    }
    pending = pending.slice(at)
  }

  const tell = ({ start }: Markup, body: string) => {
    if (start === '<![CDATA[') events.text?.(body)
    else if (start === '</') events.close(body.trim())
    else if (start === '<') {
      const isEmpty = body.endsWith('/')
      const { name, attributes } = readTag(isEmpty ? body.slice(0, -1) : body)
      if (name === '') return events.skipped?.('a tag without a name')
      events.open(name, attributes)
      if (isEmpty) events.close(name)
    }
  }

  return {
    write(chunk) {
      pending += decoder.write(chunk)
      scan()
    },
    end() {
      pending += decoder.end()
      scan()
    },
  }
}

interface Markup {
  start: string
  end: string
}
/** The longer starts go first. A DOCTYPE is passed over to its first `>`; its inner declarations are then junk tags. */
const MARKUP: readonly Markup[] = [
  { start: '<![CDATA[', end: ']]>' },
  { start: '<!--', end: '-->' },
  { start: '<!', end: '>' },
  { start: '<?', end: '?>' },
  { start: '</', end: '>' },
  { start: '<', end: '>' },
]
const LONGEST_START = 9

/** Null: too little is here to tell. */
function kindAt(text: string, at: number): Markup | null {
  const here = text.slice(at, at + LONGEST_START)
  if (here.length < LONGEST_START && MARKUP.some(({ start }) => start !== here && start.startsWith(here))) return null
  return MARKUP.find(({ start }) => here.startsWith(start)) ?? null
}

/** The `>` that ends a tag: one within an attribute's quotes does not. */
function tagEnd(text: string, from: number): number {
  const stop = /[>"']/g
  stop.lastIndex = from
  for (let found = stop.exec(text); found; found = stop.exec(text)) {
    if (found[0] === '>') return found.index
    const closing = text.indexOf(found[0], found.index + 1)
    if (closing < 0) return -1
    stop.lastIndex = closing + 1
  }
  return -1
}

function readTag(body: string): { name: string; attributes: Map<string, string> } {
  const name = /^[^\s/"'=<>]+/.exec(body)?.[0] ?? ''
  const attributes = new Map<string, string>()
  // From quote to quote: a pattern for all of it would try each beginning of a long text again.
  for (let at = name.length; at < body.length; ) {
    const equals = body.indexOf('=', at)
    if (equals < 0) break
    const key = lastWord(body, at, equals)
    let open = equals + 1
    while (isSpace(body.charCodeAt(open))) open++
    const quote = body[open]
    if (quote !== '"' && quote !== "'") {
      at = open
      continue
    }
    const close = body.indexOf(quote, open + 1)
    if (close < 0) break
    if (key !== '') attributes.set(key, unescapeXml(body.slice(open + 1, close)))
    at = close + 1
  }
  return { name, attributes }
}

/** What stands before an equals sign, spaces between them or not. */
function lastWord(body: string, from: number, equals: number): string {
  let end = equals
  while (end > from && isSpace(body.charCodeAt(end - 1))) end--
  let start = end
  while (start > from && !isSpace(body.charCodeAt(start - 1)) && !`"'=`.includes(body.charAt(start - 1))) start--
  return body.slice(start, end)
}

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescapeXml(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{1,8}));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return Object.hasOwn(entities, name) ? (entities[name] ?? whole) : whole
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}
