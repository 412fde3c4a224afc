/**
 * Search patterns of anybody: typed, in a link, or in the head of a file. A regular expression without what needs to go back (no
 * references, no looking around) and numbers of repeats, case ignored, in time that goes by the length of the names: its states are followed all at once
 * (Thompson 1968) and what was found out is remembered (a lazy DFA; Cox, "Regular Expression Matching Can Be Simple And Fast").
 * The viewer has the same (viewer/pattern.ts; test/unit/flame/pattern.test.ts holds both to RegExp).
 */
export interface Pattern {
  test: (name: string) => boolean
  /** false: it is no pattern, or too large a one, and looked for as it stands */
  isPattern: boolean
}

/** Patterns of people are short; what follows their states is bounded by it. */
const MOST_NODES = 500
/** Sets of states that are remembered at a time. */
const MOST_SETS = 2_000
/** Nodes visited to find out what is not yet remembered: half a second. Then the pattern is looked for as text. */
const MOST_WORK = 20_000_000

export function patternOf(text: string): Pattern {
  if (LITERAL.test(text)) return { test: literal(text), isPattern: true }
  const plain = plainly(text)
  try {
    return { test: follow(compile(text), plain), isPattern: true }
  } catch {
    // Half-typed patterns such as "foo(" are the usual case, not an error.
    return { test: plain, isPattern: false }
  }
}

const plainly = (text: string): ((name: string) => boolean) => {
  const sought = text.toLowerCase()
  return (name) => name.toLowerCase().includes(sought)
}

/** Nothing but text, and perhaps where it stands. */
const LITERAL = /^\^?(?:[^\\^$.*+?()[\]{}|]|\\\W)*\$?$/

function literal(text: string): (name: string) => boolean {
  const isFirst = text.startsWith('^')
  const isLast = /(?:^|[^\\])(?:\\\\)*\$$/.test(text)
  const sought = text
    .slice(isFirst ? 1 : 0, isLast ? -1 : undefined)
    .replace(/\\(\W)/g, '$1')
    .toLowerCase()
  if (isFirst && isLast) return (name) => name.toLowerCase() === sought
  if (isFirst) return (name) => name.toLowerCase().startsWith(sought)
  return isLast ? (name) => name.toLowerCase().endsWith(sought) : (name) => name.toLowerCase().includes(sought)
}

/** Codes of the characters beside a place; -1 is the edge of the name. */
type Fits = (code: number) => boolean
type Stands = (before: number, after: number) => boolean
type Node =
  | { kind: 'one'; fits: Fits; next: number }
  | { kind: 'place'; stands: Stands; next: number }
  | { kind: 'either'; next: number; or: number }
interface Program {
  nodes: readonly Node[]
  start: number
}
/** The end of the pattern, instead of a node. */
const END = -1
/** Makes the nodes of a part of a pattern, given the one that follows, and returns the first. */
type Part = (next: number) => number

/** @throws for what is no pattern, or too large a one */
function compile(text: string): Program {
  const nodes: Node[] = []
  let at = 0
  const node = (made: Node): number => {
    if (nodes.length >= MOST_NODES) throw new RangeError('too large')
    return nodes.push(made) - 1
  }
  const one =
    (fits: Fits): Part =>
    (next) =>
      node({ kind: 'one', fits, next })
  const place =
    (stands: Stands): Part =>
    (next) =>
      node({ kind: 'place', stands, next })
  const nothing: Part = (next) => next

  const choice = (): Part => {
    let all = sequence()
    while (text[at] === '|') {
      at++
      const [before, after] = [all, sequence()]
      all = (next) => node({ kind: 'either', next: before(next), or: after(next) })
    }
    return all
  }
  const sequence = (): Part => {
    const items: Part[] = []
    while (at < text.length && text[at] !== '|' && text[at] !== ')') items.push(repeated(atom()))
    return (next) => items.reduceRight((after, item) => item(after), next)
  }
  const repeated = (part: Part): Part => {
    const sign = text[at]
    if (!isSign(sign)) return part
    at++
    // The shortest match is a match.
    if (text[at] === '?') at++
    if (isSign(text[at])) throw new SyntaxError('nothing to repeat')
    return (next) => {
      if (sign === '?') return node({ kind: 'either', next: part(next), or: next })
      const loop = node({ kind: 'either', next: END, or: next })
      const first = part(loop)
      nodes[loop] = { kind: 'either', next: first, or: next }
      return sign === '+' ? first : loop
    }
  }
  const atom = (): Part => {
    const sign = text[at++] ?? ''
    if (sign === '(') return group()
    if (sign === '[') return one(classAt())
    if (sign === '.') return one((code) => code !== 10 && code !== 13)
    if (sign === '^') return place((before) => before < 0)
    if (sign === '$') return place((_, after) => after < 0)
    if (sign === '\\') return escaped()
    if (isSign(sign) || (sign === '{' && isDigit(text.charCodeAt(at)))) throw new SyntaxError('not of ours')
    return letter(sign)
  }
  const letter = (sign: string): Part => {
    const codes = [...sign.toLowerCase()].flatMap((glyph) => glyph.split('').map((unit) => unit.charCodeAt(0)))
    return codes
      .map((code) => one((other) => other === code))
      .reduceRight<Part>((after, item) => (next) => item(after(next)), nothing)
  }
  const group = (): Part => {
    if (text.startsWith('?:', at)) at += 2
    const inner = choice()
    if (text[at++] !== ')') throw new SyntaxError('unclosed')
    return inner
  }
  const escaped = (): Part => {
    const sign = text[at++] ?? ''
    if (sign === 'b') return place((before, after) => isWord(before) !== isWord(after))
    if (sign === 'B') return place((before, after) => isWord(before) === isWord(after))
    const kind = KINDS[sign]
    if (kind) return one(kind)
    if (sign === '' || /\w/.test(sign)) throw new SyntaxError('unknown escape')
    return letter(sign)
  }
  /** Characters in brackets; names are in lower case, so both cases are asked for. */
  const classAt = (): Fits => {
    const isNot = text[at] === '^'
    if (isNot) at++
    const fits: Fits[] = []
    while (text[at] !== ']') {
      if (at >= text.length) throw new SyntaxError('unclosed')
      const [low, kind] = member()
      if (kind) fits.push(kind)
      else if (text[at] === '-' && text[at + 1] !== ']' && at + 1 < text.length) {
        at++
        const [high, other] = member()
        if (other || high < low) throw new SyntaxError('out of order')
        fits.push((code) => code >= low && code <= high)
      } else fits.push((code) => code === low)
    }
    at++
    const any = (code: number) => fits.some((one) => one(code))
    return (code) => (any(code) || any(upperOf(code))) !== isNot
  }
  const member = (): [code: number, kind?: Fits] => {
    const sign = text[at++] ?? ''
    if (sign !== '\\') return [sign.charCodeAt(0)]
    const other = text[at++] ?? ''
    const kind = KINDS[other]
    if (kind) return [0, kind]
    if (other === '' || /\w/.test(other)) throw new SyntaxError('unknown escape')
    return [other.charCodeAt(0)]
  }

  const all = choice()
  if (at < text.length) throw new SyntaxError('unopened')
  return { start: all(END), nodes }
}

const isSign = (sign: string | undefined): boolean => sign === '*' || sign === '+' || sign === '?'
const isDigit: Fits = (code) => code >= 48 && code <= 57
const isWord: Fits = (code) => isDigit(code) || code === 95 || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
const isSpace: Fits = (code) => code === 32 || (code >= 9 && code <= 13) || code === 160
const not =
  (fits: Fits): Fits =>
  (code) =>
    !fits(code)
const KINDS: Readonly<Record<string, Fits>> = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isSpace,
  S: not(isSpace),
}

const upperOf = (code: number): number => {
  const upper = String.fromCharCode(code).toUpperCase()
  return upper.length === 1 ? upper.charCodeAt(0) : code
}

/** The places in the pattern where a name may stand, and what a character makes of them. */
interface PlaceSet {
  nodes: readonly number[]
  /** what stands before, as far as it matters: the edge, a letter, or something else */
  before: number
  /** by code below 128; true: the pattern is found */
  next: (PlaceSet | true)[]
}

function follow({ nodes, start }: Program, plain: (name: string) => boolean): (name: string) => boolean {
  const sets = new Map<string, PlaceSet>()
  let work = 0
  const setOf = (places: readonly number[], before: number): PlaceSet => {
    const key = `${before} ${places.join()}`
    const known = sets.get(key)
    if (known) return known
    if (sets.size >= MOST_SETS) sets.clear()
    const made: PlaceSet = { nodes: places, before, next: [] }
    sets.set(key, made)
    return made
  }
  /** `code` -1: the name is over. */
  const step = (from: PlaceSet, code: number): PlaceSet | true => {
    const seen = new Uint8Array(nodes.length)
    const reached = new Set<number>()
    const open = [start, ...from.nodes]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === END) return true
      const node = nodes[at]
      if (!node || seen[at]) continue
      seen[at] = 1
      work++
      if (node.kind === 'either') open.push(node.next, node.or)
      else if (node.kind === 'place') {
        if (node.stands(from.before, code)) open.push(node.next)
      } else if (code >= 0 && node.fits(code)) {
        if (node.next === END) return true
        reached.add(node.next)
      }
    }
    return setOf(
      [...reached].sort((a, b) => a - b),
      isWord(code) ? WORD : OTHER,
    )
  }
  const begin: PlaceSet = { nodes: [], before: -1, next: [] }
  return (name) => {
    const text = name.toLowerCase()
    let set = begin
    for (let i = 0; i < text.length; i++) {
      if (work > MOST_WORK) return plain(name)
      const code = text.charCodeAt(i)
      const known = code < 128 ? set.next[code] : undefined
      const next = known ?? step(set, code)
      if (known === undefined && code < 128) set.next[code] = next
      if (next === true) return true
      set = next
    }
    return step(set, -1) === true
  }
}

/** Codes that stand for all letters, digits and _, and for all others. */
const [WORD, OTHER] = [95, 0]
