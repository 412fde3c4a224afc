import type { RawFrame } from '../engine/frame.ts'
import { sanitizeText } from '../text.ts'

/**
 * Reads a printed stack, leaf first, in any of the forms that bpftrace has:
 * - perf (0.17 to 0.23): `<address> <symbol>+<offset> (<module>)`, one a line, tab-indented;
 * - bpftrace: `<symbol>+<offset>`, or `0x<address>` where there is no symbol;
 * - raw: `<address>`.
 */
export function parseFrames(text: string): RawFrame[] {
  return text.split('\n').flatMap((line) => {
    const trimmed = line.trim()
    return trimmed === '' ? [] : [parseFrame(trimmed)]
  })
}

/** Bytes of a line that are read: a symbol may be longer, and is shown to NAME_LENGTH. */
const LINE_LENGTH = 8192

/** By places and not by one expression: a symbol may hold what an expression would try again and again. */
function parseFrame(whole: string): RawFrame {
  const line = whole.slice(0, LINE_LENGTH)
  const blank = line.indexOf(' ')
  const first = line.slice(0, Math.max(0, blank))
  if (!isAddress(first) || blank + 1 >= line.length) return namedFrame(null, line, null)
  const { name, module } = splitModule(line.slice(blank + 1))
  return namedFrame(first, name, module)
}

/** The module is a path or stands in brackets: names of C++ functions hold parentheses of their own, and so do paths. */
function splitModule(text: string): { name: string; module: string | null } {
  const places = text.endsWith(')') ? [text.indexOf(' (/', 1), text.indexOf(' ([', 1)].filter((at) => at > 0) : []
  if (places.length === 0) return { name: text, module: null }
  const at = Math.min(...places)
  return { name: text.slice(0, at), module: text.slice(at + 2, -1) }
}

function namedFrame(address: string | null, name: string, module: string | null): RawFrame {
  // Where a walk has gone astray there are addresses of a digit or two.
  const bare = name.startsWith('0x') ? name.slice(2) : name
  if (isAddress(bare)) return { address: address ?? bare, symbol: null, module }
  const symbol = withoutOffset(name)
  return { address, symbol: symbol === '' || symbol === '[unknown]' ? null : symbol, module }
}

const isAddress = (text: string): boolean => text.length <= 16 && /^[0-9a-f]+$/.test(text)

/** `symbol+0x1f` or `symbol+31` */
function withoutOffset(name: string): string {
  const at = name.lastIndexOf('+')
  return at >= 0 && /^(?:0x[0-9a-f]+|\d+)$/.test(name.slice(at + 1)) ? name.slice(0, at) : name
}

/** Frames of the tracing machinery itself, on top of every kernel stack. */
const TRACER =
  /^(bpf_|__bpf_|perf_trace_|__traceiter_|trace_call_bpf|perf_event_overflow|__perf_event_overflow|perf_swevent|perf_tp_event|trace_event_raw_event_)/

export const UNKNOWN = '[unknown]'

/** What is known of a frame by its address alone (user-names.ts); null where nothing is. */
export interface NamesByAddress {
  symbolOf: (frame: RawFrame) => string | null
  /** path of the file it lies in */
  moduleOf: (frame: RawFrame) => string | null
  /** whether a walk along frame pointers that begins in this frame passes over the function that called it */
  skipsCaller: (frame: RawFrame) => boolean
  /** symbol of the function that the call before this return address calls */
  calledBefore: (frame: RawFrame) => string | null
}

const NOTHING_KNOWN: NamesByAddress = {
  symbolOf: () => null,
  moduleOf: () => null,
  skipsCaller: () => false,
  calledBefore: () => null,
}

/** Stands between a function without a frame and the frame above it, where a function in between is not known. */
export const CALLER_NOT_SEEN = '[caller not seen]'

/**
 * Names of one stack, root first, as recordings keep them. Kernel frames end in `_[k]`, just-in-time compiled ones in
 * `_[j]`; what has no name is `[unknown]`, with its module where that is known: frames are never dropped. Names of C++ and Rust functions are mangled
 * still (demangle.ts).
 */
export function nameStack(
  user: RawFrame[],
  kernel: RawFrame[],
  jitName: (frame: RawFrame) => string | null,
  byAddress: NamesByAddress = NOTHING_KNOWN,
): string[] {
  const leafFirst: string[] = []
  for (const [i, frame] of user.entries()) {
    leafFirst.push(userName(frame, jitName, byAddress))
    if (i === 0) leafFirst.push(...skippedCaller(user, byAddress))
  }
  const names = upToEntry(leafFirst).reverse()
  let firstReal = 0
  while (firstReal < kernel.length && TRACER.test(kernel[firstReal]?.symbol ?? '')) firstReal++
  for (let i = kernel.length - 1; i >= firstReal; i--) names.push(`${clean(kernel[i]?.symbol ?? UNKNOWN)}_[k]`)
  return names
}

/**
 * What the walk has passed over below the leaf: a function in its first or last instructions, or compiled without frame
 * pointer as libc's are, leaves its caller's in the register, and what is read there is whom the *caller* returns to. The
 * call instruction before that address says which function the caller is. That name is always right; functions without
 * frames between it and the leaf remain unseen.
 */
function skippedCaller([leaf, above]: RawFrame[], byAddress: NamesByAddress): string[] {
  if (leaf === undefined || above === undefined || !byAddress.skipsCaller(leaf)) return []
  const symbol = byAddress.calledBefore(above)
  if (symbol !== null) return [clean(symbol)]
  return [byAddress.symbolOf(above) === CALLS_MAIN ? 'main' : CALLER_NOT_SEEN]
}

/** What glibc calls `main` from, by an address and from nowhere else. */
const CALLS_MAIN = '__libc_start_call_main'
/** By which a program or thread begins, as a walk meets them: glibc, then musl. */
const ENTRY =
  /^(?:__libc_start_call_main|__libc_start_main(?:_impl)?|libc_start_main_stage2|_start_c|_start|start_thread|(?:__)?clone3?)(?:@.*)?$/

/**
 * A stack without what lies below its beginning. The functions that begin one are compiled without frame pointer, mostly:
 * what stands in the register there is left from something else, and where it leads nobody has called anything.
 */
function upToEntry(leafFirst: string[]): string[] {
  const entry = leafFirst.findIndex((name) => ENTRY.test(name))
  if (entry < 0) return leafFirst
  let end = entry + 1
  while (end < leafFirst.length && ENTRY.test(leafFirst[end] ?? '')) end++
  return leafFirst.slice(0, end)
}

function userName(frame: RawFrame, jitName: (frame: RawFrame) => string | null, byAddress: NamesByAddress): string {
  // Before just-in-time code: perf maps also list V8's builtins, which are functions of the node binary.
  const symbol = frame.symbol === null ? byAddress.symbolOf(frame) : null
  if (symbol !== null) return clean(symbol)
  const jit = jitName(frame)
  if (jit !== null) return `${clean(jit)}_[j]`
  if (frame.symbol !== null) return clean(frame.symbol)
  const module = frame.module === null || frame.module === UNKNOWN ? byAddress.moduleOf(frame) : frame.module
  const file = module
    ?.split('/')
    .at(-1)
    ?.replace(/^\[(.*)\]$/, '$1')
  return file ? `[${clean(file)}]` : UNKNOWN
}

/** Code points of a name as it is shown. */
export const NAME_LENGTH = 512
/** A name that was cut cannot be demangled any more. */
const MANGLED_LENGTH = 4096

/** Whether a name is one that C++ (Itanium ABI) or Rust (legacy, v0) compilers make. */
export const isMangled = (name: string): boolean => /^_(?:Z|R[A-Z0-9])/.test(name)

const clean = (name: string) => sanitizeText(name, { maxLength: isMangled(name) ? MANGLED_LENGTH : NAME_LENGTH })
