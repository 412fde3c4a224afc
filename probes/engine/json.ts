/**
 * Reads one line of `bpftrace -f json` as it is, not as JSON should be. JSON.parse would lose counts and names:
 * - 0.11 to 0.18 print the same key several times in one object (one per thread): an object is a list of entries here;
 * - bytes above 0x7f come as \uffffffc3 (a signed char), one escape a byte: they are put together as UTF-8;
 * - integers above 2^53 are numbers up to 0.23 and strings from 0.24.
 */
export type Tolerant = string | number | boolean | null | Tolerant[] | Entries
export interface Entries {
  entries: [key: string, value: Tolerant][]
}

/** The tracer nests four. */
const MOST_LEVELS = 64

/** Throws SyntaxError where the text is no JSON value. */
export function parseTolerant(text: string): Tolerant {
  let at = 0
  let depth = 0

  const fail = (what: string): never => {
    throw new SyntaxError(`${what} at ${at}`)
  }
  const skipBlanks = () => {
    while (at < text.length && text.charCodeAt(at) <= 32) at++
  }
  const expect = (character: string) => {
    if (text[at] !== character) fail(`expected ${character}`)
    at++
  }

  function value(): Tolerant {
    skipBlanks()
    const character = text[at]
    if (character === '"') return string()
    if (character !== '{' && character !== '[') return scalar()
    if (++depth > MOST_LEVELS) fail('too many levels')
    const read = character === '{' ? object() : array()
    depth--
    return read
  }

  function object(): Entries {
    const entries: [string, Tolerant][] = []
    at++
    skipBlanks()
    if (text[at] === '}') {
      at++
      return { entries }
    }
    for (;;) {
      skipBlanks()
      const key = string()
      skipBlanks()
      expect(':')
      entries.push([key, value()])
      skipBlanks()
      if (text[at] === ',') at++
      else {
        expect('}')
        return { entries }
      }
    }
  }

  function array(): Tolerant[] {
    const items: Tolerant[] = []
    at++
    skipBlanks()
    if (text[at] === ']') {
      at++
      return items
    }
    for (;;) {
      items.push(value())
      skipBlanks()
      if (text[at] === ',') at++
      else {
        expect(']')
        return items
      }
    }
  }

  function string(): string {
    expect('"')
    const start = at
    for (;;) {
      const code = text.charCodeAt(at)
      if (Number.isNaN(code)) fail('unterminated string')
      if (code === 34) break
      at += code === 92 ? 2 : 1
    }
    const raw = text.slice(start, at)
    at++
    return raw.includes('\\') ? unescapeText(raw) : raw
  }

  function scalar(): Tolerant {
    const start = at
    while (at < text.length && !',]} \t\n\r'.includes(text[at] ?? '')) at++
    const word = text.slice(start, at)
    if (word === 'true') return true
    if (word === 'false') return false
    if (word === 'null') return null
    const number = Number(word)
    return word !== '' && !Number.isNaN(number) ? number : fail(`unexpected ${JSON.stringify(word.slice(0, 20))}`)
  }

  const result = value()
  skipBlanks()
  if (at < text.length) fail('text after the value')
  return result
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '"': '"', '\\': '\\', '/': '/' }

/** Undoes one level of JSON string escapes, and the tracer's own for bytes. */
export function unescapeText(raw: string): string {
  return raw.replace(
    /\\(?:(uffffff[0-9a-f]{2}(?:\\uffffff[0-9a-f]{2})*)|u([0-9a-f]{4})|(.))/gis,
    (_, bytes: string | undefined, hex: string | undefined, letter: string | undefined) => {
      if (bytes) return Buffer.from(bytes.replaceAll(/\\?uffffff/gi, ''), 'hex').toString('utf8')
      return hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[letter ?? ''] ?? letter ?? '')
    },
  )
}

export const isEntries = (value: Tolerant | undefined): value is Entries =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const entry = (value: Tolerant | undefined, key: string): Tolerant | undefined =>
  isEntries(value) ? value.entries.find(([name]) => name === key)?.[1] : undefined

/** A number, also where it came as text; NaN for anything else. */
export const toNumber = (value: Tolerant | undefined): number =>
  typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : Number.NaN
