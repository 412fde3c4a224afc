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

function parseFrame(line: string): RawFrame {
  const { address, name, module } = parts(line)
  // Names have an offset behind them. Where a walk has gone astray there are addresses of a digit or two.
  const bare = /^(?:0x)?([0-9a-f]{1,16})$/.exec(name)
  if (bare) return { address: address ?? bare[1] ?? null, symbol: null, module }
  const symbol = name.replace(/\+(?:0x[0-9a-f]+|\d+)$/, '')
  return { address, symbol: symbol === '' || symbol === '[unknown]' ? null : symbol, module }
}

const ADDRESS = /^[0-9a-f]{1,16} /

/**
 * `<address> <name> (<module>)`. The module is a path or stands in brackets: names of C++ functions hold parentheses of their
 * own, and so do paths. Cut by position: a pattern would look through a long line once for each parenthesis.
 */
function parts(line: string): { address: string | null; name: string; module: string | null } {
  const [lead = ''] = ADDRESS.exec(line) ?? []
  if (lead === '' || line.length === lead.length) return { address: null, name: line, module: null }
  const address = lead.slice(0, -1)
  const rest = line.slice(lead.length)
  const opens = [rest.indexOf(' (/', 1), rest.indexOf(' ([', 1)].filter((at) => at > 0)
  if (!rest.endsWith(')') || opens.length === 0) return { address, name: rest, module: null }
  const open = Math.min(...opens)
  return { address, name: rest.slice(0, open), module: rest.slice(open + 2, -1) }
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
  const names: string[] = []
  for (let i = user.length - 1; i >= 0; i--) {
    const frame = user[i]
    if (frame) names.push(userName(frame, jitName, byAddress))
    if (i === 1) names.push(...skippedCaller(user, byAddress))
  }
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
  return [symbol === null ? CALLER_NOT_SEEN : clean(symbol)]
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
