import type { ScratchMap } from './maps.ts'
import type { TracepointArgs, TracepointName } from './tracepoints.ts'

/**
 * Expressions of the script language: plain data, printed for a bpftrace dialect by print.ts. The type parameter keeps
 * numbers, stacks, pointers and texts apart, so that what bpftrace would refuse at attach time is refused by the compiler.
 */
export type Kind = 'int' | 'stack' | 'text' | 'pointer'

export type Expr<K extends Kind = Kind> = { readonly kind: K } & Node

type Node =
  | { readonly node: 'int'; readonly value: number }
  | { readonly node: 'builtin'; readonly name: 'nsecs' | 'pid' | 'tid' | 'cgroup' | 'retval' | 'arg0' }
  | { readonly node: 'var'; readonly name: string /** what it points to, for a pointer */; readonly struct?: string }
  | { readonly node: 'arg'; readonly tracepoint: TracepointName; readonly field: string }
  | { readonly node: 'read'; readonly map: ScratchMap; readonly key: readonly Expr[] }
  | { readonly node: 'binary'; readonly op: BinaryOp; readonly left: Expr; readonly right: Expr }
  | { readonly node: 'unary'; readonly op: '-' | '!'; readonly value: Expr }
  | { readonly node: 'field'; readonly of: Expr; readonly path: string }
  | { readonly node: 'cast'; readonly type: string; readonly value: Expr }
  | { readonly node: 'load'; readonly type: 'uint64'; readonly of: 'kernel' | 'user'; readonly address: Expr }
  | { readonly node: 'stack'; readonly which: 'kstack' | 'ustack' }
  | { readonly node: 'ntop'; readonly address: Expr }
  | { readonly node: 'curtask' }

type BinaryOp = '+' | '-' | '*' | '/' | '>>' | '<<' | '&' | '|' | '==' | '!=' | '>' | '>=' | '<' | '<=' | '&&' | '||'

type Int = Expr<'int'>
type IntLike = Int | number

export const int = (value: number): Int => ({ kind: 'int', node: 'int', value })
const lift = (value: IntLike): Int => (typeof value === 'number' ? int(value) : value)

const builtin = (name: 'nsecs' | 'pid' | 'tid' | 'cgroup' | 'retval' | 'arg0'): Int => ({
  kind: 'int',
  node: 'builtin',
  name,
})
/** CLOCK_BOOTTIME in ns. */
export const nsecs = builtin('nsecs')
export const pid = builtin('pid')
export const tid = builtin('tid')
export const cgroupId = builtin('cgroup')
export const retval = builtin('retval')
export const arg0 = builtin('arg0')

/** A local variable. Printed as `$name`; set it with `let_` before use, outside any branch (0.22+ scopes blocks). */
export const variable = <K extends Kind>(kind: K, name: string): Expr<K> => ({ kind, node: 'var', name })

const binary =
  (op: BinaryOp) =>
  (left: IntLike, right: IntLike): Int => ({ kind: 'int', node: 'binary', op, left: lift(left), right: lift(right) })
export const add = binary('+')
export const times = binary('*')
export const shiftRight = binary('>>')
export const bitAnd = binary('&')
export const bitOr = binary('|')
export const eq = binary('==')
export const ne = binary('!=')
export const gt = binary('>')
export const ge = binary('>=')
export const lt = binary('<')

export const not = (value: Int): Int => ({ kind: 'int', node: 'unary', op: '!', value })

const fold = (op: '&&' | '||', terms: readonly Int[]): Int => terms.reduce((left, right) => binary(op)(left, right))
export const all = (...terms: Int[]): Int => fold('&&', terms)
export const any = (...terms: Int[]): Int => fold('||', terms)
export const oneOf = (value: Int, values: readonly number[]): Int => any(...values.map((v) => eq(value, v)))

/** Subtraction is signed from bpftrace 0.26 on: the cast keeps it unsigned everywhere. */
export const since = (later: Int, earlier: Int): Int => u64(binary('-')(later, earlier))
export const negate = (value: Int): Int => u64({ kind: 'int', node: 'unary', op: '-', value })

/** Map keys must have one integer type on 0.17: every key and stored number goes through this cast. */
export const u64 = (value: IntLike | Expr<'pointer'>): Int => {
  const inner = typeof value === 'number' ? int(value) : value
  if (inner.node === 'cast' && inner.type === 'uint64') return inner as Int
  return { kind: 'int', node: 'cast', type: 'uint64', value: inner }
}

/** The structure that a pointer expression points to, as far as the script says. */
export function structOf(pointer: Expr): string | null {
  if (pointer.node === 'cast') return /^struct (\w+) \*$/.exec(pointer.type)?.[1] ?? null
  return pointer.node === 'var' ? (pointer.struct ?? null) : null
}

/** A kernel structure at an address; layouts come from BTF, never from headers. */
export const struct = (name: string, address: Int | Expr<'pointer'>): Expr<'pointer'> => ({
  kind: 'pointer',
  node: 'cast',
  type: `struct ${name} *`,
  value: address,
})
export const currentTask: Expr<'pointer'> = struct('task_struct', {
  kind: 'pointer',
  node: 'curtask',
} as Expr<'pointer'>)
/** `pointer->path`, where path may go on with `.` or `->`. */
export const field = (of: Expr<'pointer'>, path: string): Int => ({ kind: 'int', node: 'field', of, path })
/** The same, for a field that is itself a pointer. */
export const follow = (of: Expr<'pointer'>, path: string): Expr<'pointer'> => ({
  kind: 'pointer',
  node: 'field',
  of,
  path,
})
/** Reads 8 bytes of kernel memory. */
export const load = (address: Int): Int => ({ kind: 'int', node: 'load', type: 'uint64', of: 'kernel', address })
/** Reads 8 bytes of the current task's memory; 0 where that is not there. */
export const userWord = (address: Int): Int => ({ kind: 'int', node: 'load', type: 'uint64', of: 'user', address })

export const kstack: Expr<'stack'> = { kind: 'stack', node: 'stack', which: 'kstack' }
export const ustack: Expr<'stack'> = { kind: 'stack', node: 'stack', which: 'ustack' }
/** An IPv4 or IPv6 address as text. Never contains a comma, so it is safe in a key. */
export const ntop = (address: Int): Expr<'text'> => ({ kind: 'text', node: 'ntop', address })

/** Value of an open-wait map, 0 when absent. */
export const read = <K extends Kind>(map: ScratchMap<K>, ...key: Expr[]): Expr<K> => ({
  kind: map.holds,
  node: 'read',
  map,
  key,
})

/** The arguments of a tracepoint as expressions; only the fields that the table knows exist. */
export function argumentsOf<T extends TracepointName>(tracepoint: T, fields: readonly string[]): TracepointArgs<T> {
  return Object.fromEntries(
    fields.map((name) => [name, { kind: 'int', node: 'arg', tracepoint, field: name } satisfies Int]),
  ) as TracepointArgs<T>
}
