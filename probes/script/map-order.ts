import { type Expr, u64 } from './expr.ts'
import { phaseStart } from './frame.ts'
import type { ResultMap, ScratchMap } from './maps.ts'
import { comment, forget, innerOf, type ScriptParts, type Statement, set } from './parts.ts'

/** A map where the script names it, in the order of the text. */
export interface Mention {
  map: ResultMap | ScratchMap
  /** the value that it is given there; null where it is read or an entry is removed */
  value: Expr | null
}

/**
 * Statements for BEGIN that give every map its type before the text reads it. A program may read what another, further
 * down, assigns: events come in no order of the text. bpftrace reads the text from top to bottom, and 0.23 takes a map that
 * it has not seen assigned for one without keys, once it stands in another map's key ("expects no arguments").
 *
 * Only maps that need it, so that most scripts stay as short as they are.
 */
export function declarations(parts: readonly ScriptParts[]): Statement[] {
  const mentions = mentionsIn(parts)
  const seen = new Set<ResultMap | ScratchMap>([phaseStart])
  const early: ScratchMap[] = []
  for (const { map, value } of mentions) {
    if (seen.has(map)) continue
    seen.add(map)
    if (value === null && map.role === 'scratch') early.push(map)
  }
  if (early.length === 0) return []
  return [
    comment('maps that stand further down before they are assigned: their types'),
    ...early.flatMap((map) => declare(map, mentions.find((one) => one.map === map && one.value !== null)?.value)),
  ]
}

function declare(map: ScratchMap, first: Expr | null | undefined): Statement[] {
  // A stack of the kernel and one of the program are different types: the declaration takes the word of the assignment.
  const value = map.holds === 'int' ? u64(0) : first
  if (value?.node !== 'cast' && value?.node !== 'stack')
    throw new TypeError(`@${map.name} is read before it is assigned, and its type cannot be told beforehand`)
  if (map.key.some((part) => part === 'text' || part === 'stack'))
    throw new TypeError(`@${map.name} is read before it is assigned, and its key is not made of numbers`)
  const key = map.key.map(() => u64(0))
  return key.length === 0 ? [set(map, key, value)] : [set(map, key, value), forget(map, ...key)]
}

/** Every mention of a map in these parts, as their text has them: BEGIN, then the programs in their order. */
export function mentionsIn(parts: readonly ScriptParts[]): Mention[] {
  const found: Mention[] = []
  const expression = (expr: Expr): void => {
    if (expr.node === 'read') {
      expr.key.forEach(expression)
      found.push({ map: expr.map, value: null })
    } else if (expr.node === 'binary') {
      expression(expr.left)
      expression(expr.right)
    } else if (expr.node === 'unary' || expr.node === 'cast') expression(expr.value)
    else if (expr.node === 'field') expression(expr.of)
    else if (expr.node === 'load' || expr.node === 'ntop') expression(expr.address)
  }
  const statement = (s: Statement): void => {
    if (s.do === 'let') expression(s.value)
    if (s.do === 'set' || s.do === 'forget') {
      s.key.forEach(expression)
      if (s.do === 'set') expression(s.value)
      found.push({ map: s.map, value: s.do === 'set' ? s.value : null })
    }
    if (s.do === 'record')
      for (const update of s.updates) {
        update.key.forEach(expression)
        if (update.value) expression(update.value)
        found.push({ map: update.map, value: update.value ?? u64(1) })
      }
    if (s.do === 'if') expression(s.when)
    innerOf(s).forEach(statement)
  }
  for (const { begin } of parts) begin?.forEach(statement)
  for (const { handlers } of parts)
    for (const handler of handlers) {
      if (handler.when) expression(handler.when)
      handler.body.forEach(statement)
    }
  return found
}
