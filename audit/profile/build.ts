import { LIMITS, type LimitName, limitText } from '../limits.ts'
import { ProfileError } from './error.ts'
import type { Profile } from './profile.ts'

/** A profile that still grows. It is itself the `Profile` its readers see; its arrays are replaced when they grow. */
export interface ProfileBuilder extends Profile {
  /** Index of the column `key`; made when it does not exist yet. */
  column(key: string): number
  /**
   * Adds a stack, root first: names, or indices into `names`. `value` is in the profile's unit, `count` the number of
   * events behind it; both add up. Returns false, and adds nothing, when one of them is negative or not finite.
   */
  add(frames: readonly number[] | readonly string[], value: number, count: number, columnKey: string): boolean
  /** The child of `parent` whose name is `names[nameId]`; made when it does not exist yet. */
  child(parent: number, nameId: number): number
  /** Index of a name in `names`, appended when new. Throws when the names belong to a recording. */
  intern(name: string): number
  /** Adds self weight to a node; `column` as returned by `column()`. */
  weigh(node: number, column: number, value: number, count: number): void
}

type Growing = { -readonly [K in keyof Profile]: Profile[K] } & {
  columns: string[]
  self: Float64Array[]
  selfCount: Float64Array[]
  revision: number
}

/**
 * An empty profile. With `sharedNames`, frames are given as indices into that list, which its owner (the model of a
 * recording) keeps and may append to; without it, names are interned here.
 */
export function createProfile(unit: Profile['unit'], sharedNames?: readonly string[]): ProfileBuilder {
  return createBuilder(unit, sharedNames, () => undefined)
}

/**
 * The same for what a file holds: throws `too_large` where it passes the bounds of stacks (../limits.ts), or `limits`
 * instead of them.
 */
export function createReadProfile(unit: Profile['unit'], limits: Partial<Size> = {}): ProfileBuilder {
  return createBuilder(unit, undefined, (size) => {
    for (const name of ['places', 'cells', 'nameBytes', 'columns'] as const)
      if (size[name] > (limits[name] ?? LIMITS[name].most)) throw tooLarge(name)
  })
}

/** A file of stacks passes a bound as a whole. */
export const tooLarge = (name: LimitName): ProfileError =>
  new ProfileError(
    'too_large',
    `there are more than ${limitText(name)}: it is not read further`,
    'give fewer stacks: of a shorter time, of one process, or without frames that are different each time',
  )

type Size = Record<'places' | 'cells' | 'nameBytes' | 'columns', number>

function createBuilder(
  unit: Profile['unit'],
  sharedNames: readonly string[] | undefined,
  check: (size: Size) => void,
): ProfileBuilder {
  const ownNames: string[] = []
  const idOfName = new Map<string, number>()
  let nameBytes = 0
  let capacity = 256
  // Open addressing over node ids, at most half full; 0 (the root is nobody's child) is an empty slot.
  let slots = new Int32Array(capacity * 2)
  const data: Growing = {
    unit,
    names: sharedNames ?? ownNames,
    size: 1,
    revision: 0,
    nameOf: new Int32Array(capacity).fill(-1, 0, 1),
    parentOf: new Int32Array(capacity).fill(-1, 0, 1),
    firstChild: new Int32Array(capacity),
    nextSibling: new Int32Array(capacity),
    columns: [],
    self: [],
    selfCount: [],
  }

  function column(key: string): number {
    const known = data.columns.indexOf(key)
    if (known >= 0) return known
    checkSize(capacity, data.columns.length + 1)
    data.self.push(new Float64Array(capacity))
    data.selfCount.push(new Float64Array(capacity))
    return data.columns.push(key) - 1
  }

  function intern(name: string): number {
    if (sharedNames) throw new ProfileError('shared_names', `frame names belong to the recording: cannot add "${name}"`)
    const known = idOfName.get(name)
    if (known !== undefined) return known
    nameBytes += name.length
    const id = ownNames.push(name) - 1
    idOfName.set(name, id)
    // Asked now and then: most names are short.
    if (id % 1024 === 0 || name.length > 1024) checkSize(capacity, data.columns.length)
    return id
  }

  const checkSize = (places: number, columns: number): void =>
    check({ places, cells: places * columns, nameBytes, columns })

  function child(parent: number, nameId: number): number {
    const { parentOf, nameOf } = data
    const mask = slots.length - 1
    let slot = hash(parent, nameId) & mask
    for (let node = slots[slot]; node; node = slots[slot]) {
      if (parentOf[node] === parent && nameOf[node] === nameId) return node
      slot = (slot + 1) & mask
    }
    if (data.size === capacity) {
      grow()
      return child(parent, nameId)
    }
    const node = data.size++
    slots[slot] = node
    nameOf[node] = nameId
    parentOf[node] = parent
    data.nextSibling[node] = data.firstChild[parent] ?? 0
    data.firstChild[parent] = node
    return node
  }

  function grow(): void {
    checkSize(capacity * 2, data.columns.length)
    capacity *= 2
    const widen = (old: Int32Array): Int32Array => {
      const wide = new Int32Array(capacity)
      wide.set(old)
      return wide
    }
    const widenWeights = (old: Float64Array): Float64Array => {
      const wide = new Float64Array(capacity)
      wide.set(old)
      return wide
    }
    data.nameOf = widen(data.nameOf)
    data.parentOf = widen(data.parentOf)
    data.firstChild = widen(data.firstChild)
    data.nextSibling = widen(data.nextSibling)
    data.self = data.self.map(widenWeights)
    data.selfCount = data.selfCount.map(widenWeights)
    slots = new Int32Array(capacity * 2)
    const mask = slots.length - 1
    for (let node = 1; node < data.size; node++) {
      let slot = hash(data.parentOf[node] ?? 0, data.nameOf[node] ?? 0) & mask
      while (slots[slot]) slot = (slot + 1) & mask
      slots[slot] = node
    }
  }

  function weigh(node: number, index: number, value: number, count: number): void {
    const self = data.self[index]
    const selfCount = data.selfCount[index]
    if (!self || !selfCount) throw new ProfileError('unknown_column', `the profile has no column number ${index}`)
    self[node] = (self[node] ?? 0) + value
    selfCount[node] = (selfCount[node] ?? 0) + count
    data.revision++
  }

  function add(frames: readonly number[] | readonly string[], value: number, count: number, key: string): boolean {
    if (!(value >= 0 && value < Infinity && count >= 0 && count < Infinity)) return false
    let node = 0
    for (const frame of frames) node = child(node, typeof frame === 'number' ? frame : intern(frame))
    weigh(node, column(key), value, count)
    return true
  }

  return Object.assign(data, { column, add, child, intern, weigh })
}

function hash(parent: number, nameId: number): number {
  const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(nameId, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
