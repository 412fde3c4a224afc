import { readFileSync } from 'node:fs'

/** Where a field lies in a structure of the running kernel. */
export interface FieldPlace {
  /** bytes from the start of the structure */
  offset: number
  /** bytes of the field itself */
  size: number
  /** for a pointer to a structure its name; null for anything else */
  pointsTo: string | null
  /** an array or embedded structure: its address is its value */
  isPlace: boolean
}

/** Layouts of kernel structures as the kernel itself describes them (BTF). */
export interface KernelTypes {
  /** `path` goes through embedded structures with dots: `__sk_common.skc_family`; null when there is no such field */
  placeOf: (struct: string, path: string) => FieldPlace | null
}

const MAGIC = 0xeb9f
const KIND = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  typeTag: 18,
  enum64: 19,
}
/** Bytes that follow the 12 of a type, by kind: fixed, and per member. Source: include/uapi/linux/btf.h. */
const TAIL: Readonly<Record<number, readonly [fixed: number, perMember: number]>> = {
  1: [4, 0],
  3: [12, 0],
  4: [0, 12],
  5: [0, 12],
  6: [0, 8],
  13: [0, 8],
  14: [4, 0],
  15: [0, 12],
  17: [4, 0],
  19: [0, 12],
}
const POINTER_SIZE = 8

/** Layouts of the running kernel; null where it does not describe itself or not in a way understood here. */
export function readKernelTypes(path = '/sys/kernel/btf/vmlinux'): KernelTypes | null {
  try {
    return parseBtf(readFileSync(path))
  } catch {
    return null // no BTF, or a version of it from after this was written: bpftrace is asked to resolve structures itself
  }
}

/** Throws RangeError or TypeError where the bytes are no BTF. */
export function parseBtf(bytes: Buffer): KernelTypes {
  if (bytes.readUInt16LE(0) !== MAGIC) throw new TypeError('not BTF of this byte order')
  const headerLength = bytes.readUInt32LE(4)
  const typesAt = headerLength + bytes.readUInt32LE(8)
  const typesEnd = typesAt + bytes.readUInt32LE(12)
  const stringsAt = headerLength + bytes.readUInt32LE(16)

  const text = (offset: number): string =>
    bytes.toString('latin1', stringsAt + offset, bytes.indexOf(0, stringsAt + offset))
  const starts: number[] = [0]
  const structs = new Map<string, number>()
  for (let at = typesAt; at < typesEnd; ) {
    const info = bytes.readUInt32LE(at + 4)
    const [fixed, perMember] = TAIL[kindOf(info)] ?? [0, 0]
    if (kindOf(info) === KIND.struct) {
      const name = text(bytes.readUInt32LE(at))
      if (!structs.has(name)) structs.set(name, at)
    }
    starts.push(at)
    at += 12 + fixed + perMember * (info & 0xffff)
  }

  /** Follows names and qualifiers to the type itself. */
  const bare = (id: number): number => {
    let at = starts[id] ?? 0
    for (let hops = 0; at !== 0 && hops < 32; hops++) {
      const kind = kindOf(bytes.readUInt32LE(at + 4))
      const isAlias = kind === KIND.typedef || kind === KIND.typeTag || (kind >= KIND.volatile && kind <= KIND.restrict)
      if (!isAlias) return at
      at = starts[bytes.readUInt32LE(at + 8)] ?? 0
    }
    return 0
  }
  const isComposite = (at: number) => {
    const kind = at === 0 ? 0 : kindOf(bytes.readUInt32LE(at + 4))
    return kind === KIND.struct || kind === KIND.union
  }

  /** A member by name, also inside members that have none themselves. */
  const member = (structAt: number, name: string): { type: number; offset: number } | null => {
    const info = bytes.readUInt32LE(structAt + 4)
    const packed = info >>> 31 === 1
    for (let i = 0; i < (info & 0xffff); i++) {
      const at = structAt + 12 + i * 12
      const type = bytes.readUInt32LE(at + 4)
      const raw = bytes.readUInt32LE(at + 8)
      const bits = packed ? raw & 0xffffff : raw
      const isBitfield = packed && raw >>> 24 !== 0
      const own = text(bytes.readUInt32LE(at))
      if (own === name) return isBitfield || bits % 8 !== 0 ? null : { type, offset: bits / 8 }
      if (own !== '') continue
      const inner = bare(type)
      const found = isComposite(inner) ? member(inner, name) : null
      if (found) return { type: found.type, offset: found.offset + bits / 8 }
    }
    return null
  }

  const place = (type: number, offset: number): FieldPlace | null => {
    const at = bare(type)
    if (at === 0) return null
    const kind = kindOf(bytes.readUInt32LE(at + 4))
    if (kind === KIND.pointer) {
      const target = bare(bytes.readUInt32LE(at + 8))
      const name = isComposite(target) ? text(bytes.readUInt32LE(target)) : ''
      return { offset, size: POINTER_SIZE, pointsTo: name === '' ? null : name, isPlace: false }
    }
    if (kind === KIND.array) return { offset, size: 0, pointsTo: null, isPlace: true }
    const size = bytes.readUInt32LE(at + 8)
    return { offset, size, pointsTo: null, isPlace: isComposite(at) }
  }

  return {
    placeOf: (struct, path) => {
      let at = structs.get(struct) ?? 0
      let offset = 0
      let type = 0
      for (const name of path.split('.')) {
        const found = isComposite(at) ? member(at, name) : null
        if (!found) return null
        offset += found.offset
        type = found.type
        at = bare(type)
      }
      return place(type, offset)
    },
  }
}

const kindOf = (info: number): number => (info >>> 24) & 0x1f
