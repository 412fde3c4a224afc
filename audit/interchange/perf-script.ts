import { createLineSplitter, sanitizeText } from '../../probes/index.ts'
import { LIMITS } from '../limits.ts'
import { createReadProfile } from '../profile/build.ts'
import { ProfileError } from '../profile/error.ts'
import { UNKNOWN_FRAME } from '../profile/frame.ts'
import type { ByteSource } from '../profile/source.ts'
import type { Format, ReadOptions, ReadProfile } from './format.ts'

/**
 * What `perf script` prints (its default fields, tools/perf/builtin-script.c): a sample is a line like
 * `nginx 4242/4243 [001] 18344.898166: 1001001 cpu-clock:` and its stack below, the leaf first, each line
 * `ffffffff8159f74a folio_wake_bit+0x8a ([kernel.kallsyms])`. Each sample counts as one, whatever its period; the command
 * is the first frame, and events of different names are columns.
 */
export const perfScript: Format = {
  name: 'perf-script',
  label: 'the output of perf script',
  extensions: ['.perf', '.stacks'],
  begins: (start) => {
    const lines = start.toString('latin1').split('\n', 64)
    const first = lines.find((line) => line.trim() !== '' && !line.startsWith('#')) ?? ''
    return headOf(first) !== null
  },
  read: readPerfScript,
  write: null,
}

const PART_BYTES = 1 << 20
const MAX_EVENTS = 32
/** Lines whose frame is remembered. */
const MAX_REMEMBERED = 200_000

/** Comm (may contain spaces), pid or pid/tid, perhaps CPU, time, perhaps period, event, perhaps the only frame. */
const HEAD = /^(\S.{0,63}?)\s+-?\d+(?:\/-?\d+)?\s+(?:\[\d+\]\s+)?\d+\.\d+:\s+(?:\d+\s+)?(\S+):(?:\s+(\S.*))?$/

async function readPerfScript(file: ByteSource, _options: ReadOptions): Promise<ReadProfile> {
  const profile = createReadProfile('samples')
  const frameOfLine = new Map<string, number>()
  let sample: { comm: string; event: string; leafFirst: number[] } | null = null
  let samples = 0
  let skipped = 0

  const finish = (): void => {
    if (!sample) return
    const { comm, event, leafFirst } = sample
    sample = null
    if (!profile.columns.includes(event) && profile.columns.length === MAX_EVENTS) {
      skipped++
      return
    }
    let node = profile.child(0, profile.intern(comm))
    for (let i = leafFirst.length - 1; i >= 0; i--) node = profile.child(node, leafFirst[i] ?? 0)
    if (leafFirst.length === 0) node = profile.child(node, profile.intern(UNKNOWN_FRAME))
    profile.weigh(node, profile.column(event), 1, 1)
    samples++
  }
  const frameOf = (line: string): number | null => {
    const known = frameOfLine.get(line)
    if (known !== undefined) return known
    const name = frameNameOf(line)
    if (name === null) return null
    const id = profile.intern(name)
    if (frameOfLine.size < MAX_REMEMBERED) frameOfLine.set(line, id)
    return id
  }
  const onLine = (line: string): void => {
    if (line.startsWith('#') || line.trim() === '') return
    if (!/^\s/.test(line)) {
      finish()
      const head = headOf(line)
      if (head === null) skipped++
      else {
        const only = head.frame === null ? null : frameOf(head.frame)
        sample = { comm: head.comm, event: head.event, leafFirst: only === null ? [] : [only] }
      }
      return
    }
    const frame = sample ? frameOf(line) : null
    if (frame === null) skipped++
    else if (sample && sample.leafFirst.length < LIMITS.depthOfStack.most) sample.leafFirst.push(frame)
  }

  const lines = createLineSplitter(onLine, { limit: 8192, onDropped: () => skipped++ })
  for (;;) {
    const buffer = Buffer.allocUnsafe(PART_BYTES)
    const { bytesRead } = await file.read(buffer, 0, PART_BYTES)
    if (bytesRead === 0) break
    lines.write(buffer.subarray(0, bytesRead))
  }
  lines.end()
  finish()
  if (samples === 0)
    throw new ProfileError('damaged', 'holds no sample of perf script', 'perf script -i perf.data > FILE')
  return {
    profile,
    columns: profile.columns.map((key) => ({ key, label: key })),
    facts: [`${samples} samples of perf${skipped > 0 ? `, ${skipped} lines not understood and left out` : ''}`],
  }
}

function headOf(line: string): { comm: string; event: string; frame: string | null } | null {
  // A head is short; the bound keeps hostile lines from costing more than their length.
  const parts = HEAD.exec(line.slice(0, 512).trimEnd())
  if (!parts) return null
  const [, comm = '', event = '', frame] = parts
  const isFrame = frame !== undefined && /^[0-9a-f]{4,16}\s/.test(frame)
  return { comm: sanitizeText(comm), event: sanitizeText(event), frame: isFrame ? frame : null }
}

/** `ADDRESS SYMBOL+OFFSET (OBJECT)`; cut by position, not by pattern: names may be long and full of brackets and spaces. */
function frameNameOf(line: string): string | null {
  const text = line.trim()
  const gap = text.indexOf(' ')
  const address = text.slice(0, gap)
  if (gap < 0 || !/^[0-9a-f]{1,16}$/.test(address)) return null
  const rest = text.slice(gap).trim()
  const end = rest.endsWith(' (deleted))') ? rest.length - ' (deleted))'.length : rest.length
  const open = rest.endsWith(')') ? rest.lastIndexOf(' (', end - 1) : -1
  const object = open < 0 ? '' : rest.slice(open + 2, end === rest.length ? -1 : end)
  const placed = open < 0 ? rest : rest.slice(0, open)
  const plus = placed.lastIndexOf('+0x')
  const symbol = plus > 0 && /^[0-9a-f]+$/.test(placed.slice(plus + 3)) ? placed.slice(0, plus) : placed
  return `${sanitizeText(symbol) || UNKNOWN_FRAME}${suffixOf(object, address)}`
}

/** Kernel and modules are in brackets or end in .ko, the vdso is not the kernel's; perf maps hold just-in-time code. */
function suffixOf(object: string, address: string): string {
  if (/^\[(kernel|guest\.kernel)[\].]|\.ko(\.\w+)?$|vmlinux/.test(object)) return '_[k]'
  if (/^\[[\w-]+\]$/.test(object) && /^ffff[0-9a-f]{12}$/.test(address)) return '_[k]'
  return /(^|\/)perf-\d+\.map$|^\/\/anon$|jitted-/.test(object) ? '_[j]' : ''
}
