import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
import type { Profile } from '../../audit/index.ts'
import {
  byName,
  columnOf,
  createReadProfile,
  inclusive,
  LIMITS,
  limitText,
  nameRank,
  type ProfileBuilder,
  ProfileError,
  tooLarge,
} from '../../audit/index.ts'
import { sanitizeText } from '../../probes/index.ts'
import { childrenByName } from './layout.ts'
import { createVarintWriter, readVarints } from './varint.ts'

/**
 * What an SVG carries of its profile, complete: a JSON header (its length first), then per node in pre-order (callees by
 * name) the index of its name: all lowest bytes, then all next ones, as many as the number of names needs (a byte of
 * its own kind packs better than a number of two, and reads without a decision); then varints, each kind in one
 * stretch: the nodes' numbers of callees; the few nodes that weigh something themselves, each as its distance from the
 * one before; for each column their weights, and their event counts where the header says so. Deflated, base64. The
 * viewer reads the same.
 */
const headerSchema = z.object({
  version: z.literal(2),
  title: z.string(),
  lines: z.array(z.string()),
  unit: z.enum(['samples', 'ns', 'count']),
  columns: z.array(
    z.object({
      key: z.string(),
      label: z.string(),
      /** what holds for this phase alone, e.g. its duration and loss */
      facts: z.string().optional(),
      /** weights are shown divided by this, e.g. the requests of the phase and "request" */
      divide: z.object({ by: z.number(), per: z.string() }).optional(),
    }),
  ),
  /** what is shown at first: a column, or a pair of them, by index */
  view: z.union([z.number(), z.tuple([z.number(), z.number()])]),
  invert: z.boolean(),
  /** what 100 % of a phase are called, where they are not all of its stacks */
  whole: z.string().optional(),
  /** how it is looked at first; `node` is its place in the order of nodes below */
  start: z
    .object({
      unit: z.enum(['request', 'total', 'share']),
      of: z.string(),
      node: z.number().int().nonnegative(),
      search: z.string(),
    })
    .partial()
    .optional(),
  /** false: each weight is a number of events itself */
  counts: z.boolean(),
  /** weights are stored multiplied by this: 1 for whole numbers */
  fraction: z.number().positive(),
  nodes: z.number().int(),
  /** how many nodes weigh something themselves */
  leaves: z.number().int(),
  /** the first is the root's */
  names: z.array(z.string()),
})
type Header = z.infer<typeof headerSchema>
export type FlameColumn = Header['columns'][number]
export type FlameDescription = Pick<Header, 'title' | 'lines' | 'columns' | 'view' | 'invert' | 'whole' | 'start'>

const PROFILE_NAMESPACE = 'urn:probe:flame-profile:2'

/** The profile and its description as an XML element. Fractions of a weight are kept to a thousandth. */
export function embedProfile(profile: Profile, about: FlameDescription): string {
  const { order, callees } = preOrder(profile)
  const leaves = [...order.entries()].filter(([, node]) => weighs(profile, node))
  const names: string[] = []
  const indexOf = new Map<string, number>()
  const indexOfNode = byName(profile, (name) => {
    const index = indexOf.get(name) ?? names.push(name) - 1
    indexOf.set(name, index)
    return index
  })
  const nameIndices = order.map(indexOfNode)
  const fraction = profile.self.some((self) => self.some((weight) => !Number.isInteger(weight))) ? 1000 : 1
  const header: Header = {
    ...about,
    ...(about.start ? { start: { ...about.start, ...placeIn(about.start, (node) => order.indexOf(node)) } } : {}),
    version: 2,
    unit: profile.unit,
    counts: profile.self.some((self, i) => self.some((weight, node) => weight !== profile.selfCount[i]?.[node])),
    fraction,
    nodes: order.length,
    leaves: leaves.length,
    names,
  }
  const json = Buffer.from(JSON.stringify(header))
  const body = createVarintWriter()
  for (const count of callees) body.write(count)
  for (const [k, [i]] of leaves.entries()) body.write(i - (leaves[k - 1]?.[0] ?? 0))
  for (const { key } of about.columns) {
    const self = columnOf(profile, key, profile.self)
    for (const [, node] of leaves) body.write(Math.round((self[node] ?? 0) * fraction))
    if (!header.counts) continue
    const counts = columnOf(profile, key, profile.selfCount)
    for (const [, node] of leaves) body.write(Math.round(counts[node] ?? 0))
  }
  const length = createVarintWriter()
  length.write(json.length)
  const parts = [length.bytes(), json, bytePlanes(nameIndices, names.length), body.bytes()]
  // The two levels above take 3 and 8 times as long for 1 % less.
  const packed = deflateRawSync(Buffer.concat(parts), { level: 7 })
  return `<profile xmlns="${PROFILE_NAMESPACE}" encoding="deflate-raw base64">${packed.toString('base64')}</profile>`
}

/** Where a picture is zoomed to, by another count of nodes; what is not among them is not zoomed to. */
function placeIn(
  { node }: NonNullable<FlameDescription['start']>,
  other: (node: number) => number | undefined,
): { node: number } | null {
  return node === undefined ? null : { node: Math.max(0, other(node) ?? 0) }
}

const weighs = (profile: Profile, node: number): boolean =>
  [...profile.self, ...profile.selfCount].some((column) => (column[node] ?? 0) > 0)

/** How many bytes an index below `count` needs. */
const planesFor = (count: number): number => (count <= 1 << 8 ? 1 : count <= 1 << 16 ? 2 : 4)

function bytePlanes(values: Int32Array, count: number): Buffer {
  const planes = Buffer.alloc(values.length * planesFor(count))
  for (const [i, value] of values.entries())
    for (let plane = 0; plane * values.length < planes.length; plane++)
      planes[plane * values.length + i] = value >>> (8 * plane)
  return planes
}

/** Reads back the profile of an SVG of ours, with the picture's description. Throws `not_our_svg`. */
export function extractProfile(svg: string): { profile: ProfileBuilder; about: FlameDescription } {
  const packed = packedIn(svg)
  if (packed === undefined && svg.includes('<profile xmlns="urn:probe:flame-profile:'))
    throw new ProfileError(
      'not_our_svg',
      'the profile inside the SVG is of another version of probe',
      'draw it anew from its recording; browsers open it as it is',
    )
  if (packed === undefined)
    throw new ProfileError('not_our_svg', 'the SVG carries no profile', 'give an SVG written by probe flame')
  try {
    return decode(unpack(Buffer.from(packed, 'base64')))
  } catch (cause) {
    if (cause instanceof ProfileError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ProfileError('not_our_svg', `the profile inside the SVG cannot be read: ${reason}`)
  }
}

/** What stands in the element; found by position, since a pattern would look through a hostile file again and again. */
function packedIn(svg: string): string | undefined {
  const element = svg.indexOf(`<profile xmlns="${PROFILE_NAMESPACE}"`)
  const start = element < 0 ? -1 : svg.indexOf('>', element) + 1
  const end = start <= 0 ? -1 : svg.indexOf('</profile>', start)
  return end < 0 ? undefined : svg.slice(start, end)
}

function unpack(packed: Buffer): Buffer {
  const { svgUnpacked, svgRatio, unpackedFloor } = LIMITS
  const most = Math.min(svgUnpacked.most, Math.max(unpackedFloor.most, packed.length * svgRatio.most))
  try {
    return inflateRawSync(packed, { maxOutputLength: most })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')) throw error
    throw new ProfileError(
      'too_large',
      `the profile inside the SVG unpacks to more than ${most >> 20} MiB, ${Math.round(most / packed.length)} times its size`,
      'a picture of probe is not like that: ask who made it',
    )
  }
}

/** What of a header bounds the rest; told before anything of that size is made. */
function checkSizes({ nodes, leaves, columns, names }: Header): void {
  if (nodes > LIMITS.places.most) throw tooLarge('places')
  if (columns.length > LIMITS.columns.most) throw tooLarge('columns')
  if (nodes * columns.length > LIMITS.cells.most) throw tooLarge('cells')
  if (names.length > LIMITS.frames.most) throw tooLarge('frames')
  if (nodes < 0 || leaves < 0 || leaves > nodes) throw new Error('its numbers of nodes make no tree')
}

function decode(bytes: Buffer): { profile: ProfileBuilder; about: FlameDescription } {
  const [jsonLength = 0] = readVarints(bytes, 0, 1).values
  const headerAt = readVarints(bytes, 0, 1).next
  const header = safeTexts(headerSchema.parse(JSON.parse(bytes.toString('utf8', headerAt, headerAt + jsonLength))))
  checkSizes(header)
  let at = headerAt + jsonLength
  const planes = planesFor(header.names.length)
  const lowest = at
  at += header.nodes * planes
  if (at > bytes.length) throw new Error('the data ends too early')
  const nameOf = (i: number): number => {
    let index = 0
    for (let plane = 0; plane < planes; plane++) index |= (bytes[lowest + plane * header.nodes + i] ?? 0) << (8 * plane)
    return index
  }
  const stretch = (length: number): Float64Array => {
    const { values, next } = readVarints(bytes, at, length)
    at = next
    return values
  }
  const profile = createReadProfile(header.unit)
  const callees = stretch(header.nodes)
  const nodes = new Int32Array(header.nodes)
  const open: { node: number; left: number }[] = [{ node: 0, left: callees[0] ?? 0 }]
  for (let i = 1; i < header.nodes; i++) {
    while (open.at(-1)?.left === 0) open.pop()
    const parent = open.at(-1)
    if (!parent) throw new Error('more nodes than the tree has room for')
    parent.left--
    if (open.length > LIMITS.depthOfStack.most)
      throw new ProfileError('too_large', `the SVG has stacks of more than ${limitText('depthOfStack')}`)
    const node = profile.child(parent.node, profile.intern(header.names[nameOf(i)] ?? ''))
    nodes[i] = node
    open.push({ node, left: callees[i] ?? 0 })
  }
  let last = 0
  const leaves = Array.from(stretch(header.leaves), (distance) => {
    last += distance
    const node = nodes[last]
    if (node === undefined) throw new Error('a weight belongs to no node')
    return node
  })
  for (const { key } of header.columns) {
    const column = profile.column(key)
    const self = stretch(header.leaves).map((weight) => weight / header.fraction)
    if (!self.every(Number.isFinite)) throw new Error('a weight is no number')
    const counts = header.counts ? stretch(header.leaves) : self
    for (const [i, node] of leaves.entries())
      if (self[i] || counts[i]) profile.weigh(node, column, self[i] ?? 0, counts[i] ?? 0)
  }
  const { title, lines, columns, view, invert, whole, start } = header
  return {
    profile,
    about: {
      ...{ title, lines, columns, view, invert },
      ...(whole === undefined ? {} : { whole }),
      ...(start === undefined ? {} : { start: { ...start, ...placeIn(start, (index) => nodes[index]) } }),
    },
  }
}

/** The file may come from anyone: all of its texts are made safe again, whatever they are for. */
function safeTexts(header: Header): Header {
  const safe = (value: unknown): unknown => {
    if (typeof value === 'string') return sanitizeText(value)
    if (Array.isArray(value)) return value.map(safe)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, safe(inner)]))
  }
  return headerSchema.parse(safe(header))
}

/** Nodes that weigh anything, or count events, in any column: callees follow their caller, by name. */
function preOrder(profile: Profile): { order: Int32Array; callees: Int32Array } {
  const weight = new Float64Array(profile.size)
  for (const self of [...profile.self, ...profile.selfCount])
    for (let node = 0; node < profile.size; node++) weight[node] = (weight[node] ?? 0) + (self[node] ?? 0)
  const total = inclusive(profile, weight)
  const rankOf = nameRank(profile)
  const order = new Int32Array(profile.size)
  const callees = new Int32Array(profile.size)
  let size = 0
  const children: number[] = []
  const pending = [0]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    childrenByName(profile, node, total, rankOf, children)
    order[size] = node
    callees[size++] = children.length
    for (let i = children.length - 1; i >= 0; i--) pending.push(children[i] ?? 0)
  }
  return { order: order.subarray(0, size), callees: callees.subarray(0, size) }
}
