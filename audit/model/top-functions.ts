import { isLibraryFrame } from '../../probes/index.ts'
import type { StackRow } from '../recording/format.ts'

/** How much of some stacks is due to which function of the program itself. */
export interface FunctionTally {
  total: number
  byName: Map<string, number>
}

/** Functions kept by name; just-in-time code may make new ones for ever. What comes later counts in the total alone. */
const MOST_NAMES = 5_000

export const createFunctionTally = (): FunctionTally => ({ total: 0, byName: new Map() })

/** Adds a row of stacks; `names` are the recording's interned frames. */
export function tally(functions: FunctionTally, [value, , frames]: StackRow, names: readonly string[]): void {
  functions.total += value
  const name = ownFunction(frames.map((id) => names[id] ?? ''))
  const known = functions.byName.get(name)
  if (known !== undefined || functions.byName.size < MOST_NAMES) functions.byName.set(name, (known ?? 0) + value)
}

/**
 * The function of the program that a stack (root first) is about: the nearest to the leaf that is none of the kernel's nor of
 * the libraries under it. Where there is no such, the nearest that has a name at all.
 */
export function ownFunction(frames: readonly string[]): string {
  const own = frames.findLast((name) => !isKernel(name) && !isLibraryFrame(name))
  const named = own ?? frames.findLast((name) => !isKernel(name) && !name.startsWith('[')) ?? frames.at(-1) ?? ''
  return named.replace(/_\[[kj]\]$/, '')
}

const isKernel = (name: string): boolean => name.endsWith('_[k]')
