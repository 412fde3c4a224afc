import type { Binutils } from './binutils.ts'

/** An address that has another name here than elsewhere, and what is known of it. */
interface Differing {
  address: number
  /** the name here */
  ours: string | null
  /** as addr2line has it: the function, and for an inlined one those that it stands in, outermost last */
  theirs: readonly string[]
}

/** Longer than any alignment of functions leaves. */
const PADDING = 64

/** Why addr2line has another name; null: not known. */
export function whyAddr2lineDiffers({ address, ours, theirs }: Differing, nm: Binutils): string | null {
  const [innermost] = theirs
  if (ours === null) return innermost === undefined ? null : whyUnnamed(address, innermost, nm)
  if (innermost === undefined) return isImported(ours) ? IMPORTED : null
  const covering = nm.covering(address)
  const mine = covering.find(({ name }) => name === ours)
  const other = covering.find(({ name }) => name === innermost)
  if (mine && other) return mine.start === other.start ? ALIAS : NESTED
  if (mine && nm.lastBefore(address).some(({ name, size }) => name === innermost && size === 0)) return LABEL
  // Its debug information names a function, the symbol table what the compiler has made of it.
  const outermost = theirs.at(-1)
  if (mine && outermost === whole(ours)) return theirs.length > 1 ? INLINED : PART
  return null
}

/** Why nm has no symbol of that name that covers the address; null: not known. */
export function whyNmDiffers(address: number, ours: string | null, nm: Binutils): string | null {
  if (ours === null) return null
  if (isImported(ours)) return IMPORTED
  return nm.lastBefore(address).some(({ name, size }) => name === ours && size === 0) ? UNSIZED : null
}

const IMPORTED = 'the stub of an imported function: its undefined symbol has the address of the stub'
const ALIAS = 'two names of one function: both begin there'
const NESTED = 'a function within another: the inner one here'
const LABEL = 'a label within a function of assembly: the function here, the label there'
const INLINED = 'an inlined function: here the one that it stands in, which addr2line -i agrees with'
const PART = 'a part that the compiler has split off a function (.part, .cold): the part here, the function there'
const UNSIZED = 'a function without a size: here it reaches to the next symbol'
const BETWEEN = 'between functions: no name here, the function before it there'
const BEHIND = 'code that no symbol covers: no name here, the last function before it there'

function whyUnnamed(address: number, theirs: string, nm: Binutils): string | null {
  const last = nm.lastBefore(address).find(({ name }) => name === theirs)
  if (last === undefined || nm.covering(address).length > 0) return null
  const next = nm.nextAfter(address)
  return next !== null && next - (last.start + last.size) < PADDING ? BETWEEN : BEHIND
}

const isImported = (name: string): boolean => /@[A-Z]+_[\d.]+$/.test(name)

/** `parse.part.0`, `run.constprop.1.cold` */
const whole = (name: string): string => name.replace(/(?:\.(?:part|cold|isra|constprop|lto_priv)(?:\.\d+)?)+$/, '')
