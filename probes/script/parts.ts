import type { Expr, Kind } from './expr.ts'
import { argumentsOf, bitAnd, eq, ge, gt, int, shiftRight, structOf, u64, variable } from './expr.ts'
import type { ScratchMap, Update } from './maps.ts'
import type { PerThread } from './thread-end.ts'
import { type TracepointArgs, type TracepointName, tracepoints } from './tracepoints.ts'

type Int = Expr<'int'>

export type Statement =
  | { readonly do: 'comment'; readonly text: string }
  | { readonly do: 'let'; readonly name: string; readonly value: Expr }
  | { readonly do: 'set'; readonly map: ScratchMap; readonly key: readonly Expr[]; readonly value: Expr }
  | { readonly do: 'forget'; readonly map: ScratchMap; readonly key: readonly Expr[] }
  | { readonly do: 'record'; readonly updates: readonly Update[] }
  /** the body so many times in a row: programs have no loops on every kernel */
  | { readonly do: 'repeat'; readonly times: number; readonly body: readonly Statement[] }
  | {
      readonly do: 'if'
      readonly when: Int
      readonly yes: readonly Statement[]
      readonly otherwise: readonly Statement[]
    }

/** One attach point with its program. */
export interface Handler {
  readonly attach: readonly AttachPoint[]
  readonly when: Int | null
  readonly body: readonly Statement[]
  /** said above the program in the printed script */
  readonly why: string
}

export type AttachPoint =
  | { readonly type: 'tracepoint'; readonly name: TracepointName }
  | { readonly type: 'profile'; readonly hz: number }
  | { readonly type: 'kretprobe' | 'fexit'; readonly function: string }

/** What a probe contributes to the script: its programs. Maps are found in them. */
export interface ScriptParts {
  readonly handlers: readonly Handler[]
  /** programs that run after those of all probes on the same event: they forget what the others ask for */
  readonly last?: readonly Handler[]
  /** statements for BEGIN, before any event */
  readonly begin?: readonly Statement[]
  /** what it keeps of threads */
  readonly perThread?: readonly PerThread[]
}

/** Who counts as the target, and what the running kernel offers; handed to every script. */
export interface TargetFilter {
  /** true when the current task belongs to the target */
  readonly mine: Int
  /** conditions under which a socket (its address) is in the target's network namespace; none where that is not known */
  readonly inNamespace: (sk: Expr<'pointer'>) => readonly Int[]
  /** TCP ports the target listens on at start */
  readonly ports: readonly number[]
  /** number of a system call on this machine's architecture, null when it has none of that name */
  readonly syscall: (name: string) => number | null
  /** whether a call was made through the 32-bit gate, which has numbers of its own; null where that is no question, or unknown */
  readonly isCompat: Int | null
  /** whether this kernel's tracepoint has the field */
  readonly has: (tracepoint: TracepointName, field: string) => boolean
}

/** A program on one tracepoint. */
export function on<T extends TracepointName>(
  name: T,
  why: string,
  build: (args: TracepointArgs<T>) => { when?: Int; body: readonly Statement[] },
): Handler {
  const { when, body } = build(argumentsOf(name, tracepoints[name]))
  return { attach: [{ type: 'tracepoint', name }], when: when ?? null, body, why }
}

/** One program on several tracepoints that share the fields it reads. */
export function onEach<T extends TracepointName>(
  names: readonly [T, ...T[]],
  why: string,
  build: (args: TracepointArgs<T>) => { when?: Int; body: readonly Statement[] },
): Handler {
  const handler = on(names[0], why, build)
  return { ...handler, attach: names.map((name) => ({ type: 'tracepoint', name })) }
}

/** A program on another kind of attach point. */
export const at = (point: AttachPoint, why: string, program: { when?: Int; body: readonly Statement[] }): Handler => ({
  attach: [point],
  when: program.when ?? null,
  body: program.body,
  why,
})

export const comment = (text: string): Statement => ({ do: 'comment', text })
export const set = <K extends Kind>(map: ScratchMap<K>, key: readonly Expr[], value: Expr<K>): Statement => ({
  do: 'set',
  map,
  key,
  value,
})
/** Removes an entry of an open-wait map (or zeroes it while the map is being printed, where that matters). */
export const forget = (map: ScratchMap, ...key: Expr[]): Statement => ({ do: 'forget', map, key })
/** Updates result maps, on the side the last cut chose. */
export const record = (...updates: Update[]): Statement => ({ do: 'record', updates })
export const repeat = (times: number, body: readonly Statement[]): Statement => ({ do: 'repeat', times, body })
export const when = (condition: Int, then: readonly Statement[], otherwise: readonly Statement[] = []): Statement => ({
  do: 'if',
  when: condition,
  yes: then,
  otherwise,
})

/** The statements within a statement. */
export const innerOf = (statement: Statement): readonly Statement[] =>
  statement.do === 'if' ? [...statement.yes, ...statement.otherwise] : statement.do === 'repeat' ? statement.body : []

/** Declares a variable and hands it to the rest: `bind('wait', since(nsecs, t0), (wait) => [...])`. */
export function bind<K extends Kind>(
  name: string,
  value: Expr<K>,
  rest: (v: Expr<K>) => readonly Statement[],
): Statement[] {
  const struct = structOf(value)
  const bound: Expr<K> = { ...variable(value.kind, name), ...(struct === null ? {} : { struct }) }
  return [{ do: 'let', name, value }, ...rest(bound)]
}
/** Assigns a variable again. */
export const assign = (target: Expr<'int'>, value: Int): Statement => {
  if (target.node !== 'var') throw new TypeError('only a variable can be assigned')
  return { do: 'let', name: target.name, value }
}

/**
 * The log16 bucket of `value` (probes/histogram.ts) by six shifts and ifs: hist() with sub-buckets needs bpftrace 0.20.
 * Cost measured at +3..+9 % of a sys_exit program against hist().
 */
export function log16(value: Int, name: string, rest: (bucket: Int) => readonly Statement[]): Statement[] {
  return bind(`${name}_x`, u64(value), (x) =>
    bind(`${name}_e`, u64(0), (e) => [
      ...[32, 16, 8, 4, 2, 1].map((bits) =>
        when(ge(x, 2 ** bits), [assign(e, plus(e, bits)), ...(bits > 1 ? [assign(x, shiftRight(x, bits))] : [])]),
      ),
      ...bind(`${name}_b`, u64(value), (bucket) => [
        when(ge(e, 4), [assign(bucket, log16Upper(u64(value), e))]),
        ...rest(bucket),
      ]),
    ]),
  )
}
const plus = (a: Int, b: number): Int => ({ kind: 'int', node: 'binary', op: '+', left: a, right: int(b) })
const minus = (a: Int, b: number): Int => ({ kind: 'int', node: 'binary', op: '-', left: a, right: int(b) })
const log16Upper = (value: Int, e: Int): Int => {
  const octave: Int = { kind: 'int', node: 'binary', op: '*', left: minus(e, 3), right: int(16) }
  const within: Int = { kind: 'int', node: 'binary', op: '>>', left: value, right: minus(e, 4) }
  return u64(minus({ kind: 'int', node: 'binary', op: '+', left: octave, right: within }, 16))
}

/** True when bit tests such as `(op & 127) == 0` hold for one of the values. */
export const maskedIn = (value: Int, mask: number, values: readonly number[]): Int =>
  values
    .map((v) => eq(bitAnd(value, mask), v))
    .reduce((a, b) => ({ kind: 'int', node: 'binary', op: '||', left: a, right: b }))

export const positive = (value: Int): Int => gt(value, 0)
