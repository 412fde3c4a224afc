import type { KernelTypes } from '../host/btf.ts'
import type { Dialect } from './dialect.ts'
import { type Expr, structOf } from './expr.ts'
import type { ResultMap, ScratchMap, Update } from './maps.ts'
import { type AttachPoint, type Handler, innerOf, type Statement } from './parts.ts'

/** Writes statements and expressions as bpftrace text, readable: `probe script` shows exactly what runs. */
export interface Printer {
  dialect: Dialect
  /** name of a map as it stands in the script: unique over all probes of the program */
  scratchName: (map: ScratchMap) => string
  resultName: (map: ResultMap) => string
  /** read fields at the offsets of this kernel instead of by name; null: bpftrace resolves the names */
  layout: KernelTypes | null
  /** arguments that stand in variables */
  hoisted?: ReadonlySet<string>
}

export const SIDE = '@side'
/** maps with stacks are printed less often, so they have a side of their own */
export const STACK_SIDE = '@stack_side'
export const BUSY = '@busy'

export function printHandler(printer: Printer, handler: Handler): string {
  const attach = handler.attach.map((point) => printAttach(printer, point)).join(',\n')
  const { predicate, body, fields } = arrange(handler)
  const inner = { ...printer, hoisted: fields }
  const prologue = [...fields].map((name) => `  $arg_${name} = args->${name};`)
  const maps = recordedMaps(body)
  if (maps.some((map) => !holdsStack(map))) prologue.push(`  $side = ${SIDE};`)
  if (maps.some(holdsStack)) prologue.push(`  $stack_side = ${STACK_SIDE};`)
  if (printer.dialect.deletingWhilePrintingAborts && forgets(body)) prologue.push(`  $busy = ${BUSY};`)
  const filter = predicate ? `\n/${printExpr(inner, predicate)}/` : ''
  return [
    `// ${handler.why}`,
    `${attach}${filter}`,
    '{',
    ...prologue,
    ...body.flatMap((statement) => printStatement(inner, statement, '  ')),
    '}',
  ].join('\n')
}

/**
 * Reads every tracepoint argument once, into a variable: each mention of `args->x` costs bpftrace 0.17 about twenty reads
 * of the kernel's list of events (2.0 s of a 3.3 s start, measured). So conditions on arguments move from the predicate
 * into the body; what needs no argument stays in front. Addresses for ntop() are arrays and stay where they are.
 */
function arrange(handler: Handler): { predicate: Expr<'int'> | null; body: readonly Statement[]; fields: Set<string> } {
  const terms = handler.when ? conjuncts(handler.when) : []
  const early = terms.filter((term) => argumentsIn(term).size === 0)
  const late = terms.filter((term) => argumentsIn(term).size > 0)
  const body: readonly Statement[] =
    late.length > 0 ? [{ do: 'if', when: conjunction(late), yes: handler.body, otherwise: [] }] : handler.body
  return { predicate: early.length > 0 ? conjunction(early) : null, body, fields: argumentsIn(body) }
}

const conjuncts = (expr: Expr<'int'>): Expr<'int'>[] =>
  expr.node === 'binary' && expr.op === '&&'
    ? [...conjuncts(expr.left as Expr<'int'>), ...conjuncts(expr.right as Expr<'int'>)]
    : [expr]
const conjunction = (terms: readonly Expr<'int'>[]): Expr<'int'> =>
  terms.reduce((left, right) => ({ kind: 'int', node: 'binary', op: '&&', left, right }))

function argumentsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) argumentsIn(item, found)
  else if (value !== null && typeof value === 'object') {
    const node = value as Record<string, unknown>
    if (node['node'] === 'arg') found.add(String(node['field']))
    else if (node['node'] !== 'ntop') for (const inner of Object.values(node)) argumentsIn(inner, found)
  }
  return found
}

function printAttach(printer: Printer, point: AttachPoint): string {
  switch (point.type) {
    case 'tracepoint':
      return `tracepoint:${point.name}`
    case 'profile':
      return `profile:hz:${point.hz}`
    case 'kretprobe':
      return `kretprobe:${point.function}`
    case 'fexit':
      return printer.dialect.fexit === 'fexit'
        ? `fexit:vmlinux:${point.function}`
        : `kretfunc:vmlinux:${point.function}`
  }
}

export function printStatement(printer: Printer, statement: Statement, indent: string): string[] {
  switch (statement.do) {
    case 'comment':
      return [`${indent}// ${statement.text}`]
    case 'let':
      return [`${indent}$${statement.name} = ${printExpr(printer, statement.value)};`]
    case 'set':
      return [`${indent}${scratchAt(printer, statement.map, statement.key)} = ${printExpr(printer, statement.value)};`]
    case 'forget':
      return printForget(printer, statement.map, statement.key, indent)
    case 'record': {
      const fast = statement.updates.filter(({ map }) => !holdsStack(map))
      const slow = statement.updates.filter(({ map }) => holdsStack(map))
      return [...printUpdates(printer, fast, '$side', indent), ...printUpdates(printer, slow, '$stack_side', indent)]
    }
    case 'repeat':
      return [
        `${indent}unroll(${statement.times}) {`,
        ...statement.body.flatMap((s) => printStatement(printer, s, `${indent}  `)),
        `${indent}}`,
      ]
    case 'if': {
      const inner = (body: readonly Statement[]) => body.flatMap((s) => printStatement(printer, s, `${indent}  `))
      const otherwise = statement.otherwise.length > 0 ? [`${indent}} else {`, ...inner(statement.otherwise)] : []
      return [
        `${indent}if (${printExpr(printer, statement.when)}) {`,
        ...inner(statement.yes),
        ...otherwise,
        `${indent}}`,
      ]
    }
  }
}

function printUpdates(printer: Printer, updates: readonly Update[], side: string, indent: string): string[] {
  if (updates.length === 0) return []
  const lines = (suffix: string) =>
    updates.map(({ map, key, value }) => {
      const argument = value ? printExpr(printer, value) : ''
      return `${indent}  ${printer.resultName(map)}_${suffix}${subscript(printer, key)} = ${map.fn}(${argument});`
    })
  return [`${indent}if (${side} == 0) {`, ...lines('a'), `${indent}} else {`, ...lines('b'), `${indent}}`]
}

function printForget(printer: Printer, map: ScratchMap, key: readonly Expr[], indent: string): string[] {
  const place = scratchAt(printer, map, key)
  // Only what is printed must not be deleted meanwhile.
  if (!map.shown || !printer.dialect.deletingWhilePrintingAborts) return [`${indent}delete(${place});`]
  const otherwise = map.holds === 'int' ? ` else { ${place} = (uint64)0; }` : ''
  return [`${indent}if ($busy == 0) { delete(${place}); }${otherwise}`]
}

const scratchAt = (printer: Printer, map: ScratchMap, key: readonly Expr[]) =>
  `${printer.scratchName(map)}${subscript(printer, key)}`

const subscript = (printer: Printer, key: readonly Expr[]) =>
  key.length === 0 ? '' : `[${key.map((k) => printExpr(printer, k)).join(', ')}]`

export function printExpr(printer: Printer, expr: Expr): string {
  switch (expr.node) {
    case 'int':
      return String(expr.value)
    case 'builtin':
      return expr.name
    case 'var':
      return `$${expr.name}`
    case 'arg':
      return printer.hoisted?.has(expr.field) ? `$arg_${expr.field}` : `args->${expr.field}`
    case 'read':
      return scratchAt(printer, expr.map, expr.key)
    case 'binary':
      return `${operand(printer, expr.left)} ${expr.op} ${operand(printer, expr.right)}`
    case 'unary':
      return `${expr.op}${operand(printer, expr.value)}`
    case 'field':
      return printer.layout
        ? printByOffset(printer, printer.layout, expr.of, expr.path)
        : printByName(printer, expr.of, expr.path)
    case 'cast': {
      const type = printer.layout && expr.type.startsWith('struct ') ? 'uint64' : expr.type
      return `(${type})${operand(printer, expr.value)}`
    }
    case 'load':
      return `*(${expr.type} *)${expr.of === 'user' ? 'uptr' : 'kptr'}(${printExpr(printer, expr.address)})`
    case 'stack': {
      const { kernel, user } = printer.dialect.stackMode
      const mode = expr.which === 'kstack' ? kernel : user
      return mode === 'bpftrace' ? expr.which : `${expr.which}(${mode})`
    }
    case 'ntop':
      return `ntop(${printExpr({ ...printer, hoisted: new Set() }, expr.address)})`
    case 'curtask':
      return 'curtask'
  }
}

const printByName = (printer: Printer, of: Expr, path: string): string =>
  `${of.node === 'cast' ? `(${printExpr(printer, of)})` : printExpr(printer, of)}->${path}`

/** A field that this kernel's description of itself does not have, or not in a readable place. */
export class UnknownFieldError extends Error {
  override readonly name = 'UnknownFieldError'
}

function printByOffset(printer: Printer, layout: KernelTypes, of: Expr, path: string): string {
  let struct = structOf(of)
  let address = operand(printer, of)
  const steps = path.split('->')
  for (const [index, step] of steps.entries()) {
    const place = struct === null ? null : layout.placeOf(struct, step)
    const isLast = index === steps.length - 1
    if (!place || (place.isPlace && !isLast) || (!place.isPlace && ![1, 2, 4, 8].includes(place.size)))
      throw new UnknownFieldError(`${struct ?? 'unknown'}.${step}`)
    const at = place.offset === 0 ? address : `${address} + ${place.offset}`
    address = place.isPlace ? `(${at})` : `(*(uint${8 * place.size} *)kptr(${at}))`
    struct = place.pointsTo
  }
  return address
}

/** Parentheses wherever an operand is itself an operation: precedence is never left to the reader. */
function operand(printer: Printer, expr: Expr): string {
  const text = printExpr(printer, expr)
  return expr.node === 'binary' || expr.node === 'load' ? `(${text})` : text
}

const holdsStack = (map: ResultMap): boolean => map.key.includes('stack')

function recordedMaps(body: readonly Statement[]): ResultMap[] {
  return body.flatMap((s) => {
    if (s.do === 'record') return s.updates.map(({ map }) => map)
    return recordedMaps(innerOf(s))
  })
}

function forgets(body: readonly Statement[]): boolean {
  return body.some((s) => (s.do === 'forget' && s.map.shown) || forgets(innerOf(s)))
}
