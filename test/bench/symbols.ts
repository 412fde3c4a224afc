import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { z } from 'zod'
import { createElfFiles } from '../../probes/symbols/elf-file.ts'
import { parseFrames } from '../../probes/symbols/frames.ts'
import { readSymbolTable } from '../../probes/symbols/symbol-table.ts'
import { createUserNames } from '../../probes/symbols/user-names.ts'

/**
 * Compares the names given here with those of addr2line and nm, for random addresses of a large program, and with
 * bpftrace's own, for the stacks of a running one; prints how far they agree, and examples of each way in which they do
 * not. Asserts nothing. As root for the second part:
 *
 *   node test/bench/symbols.ts [ELF file, by default this node]
 */
const path = process.argv[2] ?? readlinkSync('/proc/self/exe')
const ADDRESSES = 10_000

interface Listed {
  start: number
  size: number
  type: string
  name: string
}

/** Symbols as nm lists them, ascending. */
function listSymbols(): Listed[] {
  const text = execFileSync('nm', ['-S', '--numeric-sort', '--defined-only', path], { maxBuffer: 2 ** 30 }).toString()
  return [...text.matchAll(/^([0-9a-f]+) (?:([0-9a-f]+) )?(\w) (\S+)$/gm)].map(
    ([, start = '', size = '0', type = '', name = '']) => ({
      start: Number.parseInt(start, 16),
      size: Number.parseInt(size, 16),
      type,
      name,
    }),
  )
}

/** A fixed sequence of numbers from 0 to 1 (mulberry32), so that two runs look at the same addresses. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function compareWithBinutils(): void {
  const files = createElfFiles()
  const file = files.open(path)
  if (file === null) throw new Error(`${path} is no ELF file`)
  const began = performance.now()
  const table = readSymbolTable([file])
  const readMs = performance.now() - began
  const next = random(5)
  const code = file.image.code.filter(({ start, end }) => start > 0 && end > start)
  const bytes = code.reduce((sum, { start, end }) => sum + end - start, 0)
  const addresses = Array.from({ length: ADDRESSES }, () => {
    let at = Math.floor(next() * bytes)
    const section = code.find(({ start, end }) => {
      if (at < end - start) return true
      at -= end - start
      return false
    })
    return (section?.start ?? 0) + at
  })
  const namedAt = performance.now()
  const own = addresses.map((address) => table?.nameAt(address) ?? null)
  const nameUs = ((performance.now() - namedAt) * 1000) / ADDRESSES

  const input = addresses.map((address) => address.toString(16)).join('\n')
  const lines = spawnSync('addr2line', ['-f', '-e', path], { input, maxBuffer: 2 ** 28 })
    .stdout.toString()
    .split('\n')
  const symbols = listSymbols()
  const covering = (address: number) => symbols.filter((one) => one.start <= address && address < one.start + one.size)
  const classes = new Map<string, { count: number; example: string }>()
  for (const [i, address] of addresses.entries()) {
    const [ours, theirs] = [own[i] ?? null, lines[2 * i] ?? '??']
    const kind =
      ours === theirs || (ours === null && theirs === '??') ? 'same' : differenceOf(ours, theirs, covering(address))
    const seen = classes.get(kind)
    if (seen) seen.count++
    else classes.set(kind, { count: 1, example: `${address.toString(16)}: ${ours} here, ${theirs}` })
  }
  const seenByNm = addresses.filter((address, i) => {
    const names = new Set(covering(address).map(({ name }) => name.replace(/@.*/, '')))
    return own[i] === null ? names.size === 0 : names.has(own[i] ?? '')
  }).length
  console.log(
    `${path}: ${symbols.length} symbols in nm, ${table?.symbols ?? 0} here, read in ${readMs.toFixed(0)} ms, ${nameUs.toFixed(1)} us a name`,
  )
  console.log(
    `nm: ${seenByNm} of ${ADDRESSES} addresses have here a name of a symbol that covers them there, or none in both`,
  )
  console.log(`addr2line -f:`)
  for (const [kind, { count, example }] of [...classes].sort((a, b) => b[1].count - a[1].count))
    console.log(`  ${String(count).padStart(6)}  ${kind}${kind === 'same' ? '' : ` (${example})`}`)
  files.close()
}

function differenceOf(ours: string | null, theirs: string, covering: readonly Listed[]): string {
  const names = covering.map(({ name }) => name)
  if (ours === null) return 'no symbol covers the address: addr2line gives the last one before it'
  if (theirs === '??') return 'only named here'
  const [mine, other] = [covering.find(({ name }) => name === ours), covering.find(({ name }) => name === theirs)]
  if (mine && other && mine.start === other.start) return 'two names of one function'
  if (mine && other) return 'a function within another: the inner one here'
  if (mine) return names.includes(theirs) ? 'another' : 'addr2line reads debug information: an inlined or local name'
  return 'here a function without a size reaches to the next one'
}

const entriesSchema = z.object({ type: z.literal('map'), data: z.record(z.string(), z.record(z.string(), z.number())) })

/** Samples a node that computes, and asks for each frame that bpftrace has named what it is called here. */
async function compareWithTracer(): Promise<void> {
  const child = spawn(path, [
    '-e',
    'const end = Date.now() + 20000; while (Date.now() < end) JSON.parse(JSON.stringify({ a: [1, "x", /y/.test("xyz")] }))',
  ])
  const { pid } = child
  if (pid === undefined) return
  const script = `profile:hz:499 /pid == ${pid}/ { @[ustack(perf)] = count(); } interval:s:3 { exit(); }`
  const env = {
    ...process.env,
    BPFTRACE_CACHE_USER_SYMBOLS: '1',
    BPFTRACE_NO_CPP_DEMANGLE: '1',
    BPFTRACE_CPP_DEMANGLE: '0',
  }
  const text = spawnSync('bpftrace', ['-f', 'json', '--no-warnings', '-e', script], {
    env,
    timeout: 60_000,
    maxBuffer: 2 ** 28,
  }).stdout.toString()
  const names = createUserNames([pid])
  const seen = new Map<string, boolean>()
  const differing = new Map<string, string>()
  for (const line of text.split('\n').filter((one) => one.startsWith('{'))) {
    const record = entriesSchema.safeParse(JSON.parse(line))
    if (!record.success) continue
    for (const stack of Object.values(record.data.data).flatMap((map) => Object.keys(map)))
      for (const frame of parseFrames(stack)) {
        if (frame.address === null || frame.symbol === null || frame.module?.includes('perf-')) continue
        const ours = names.symbolOf({ ...frame, symbol: null })
        seen.set(frame.address, ours === frame.symbol)
        if (ours !== frame.symbol) differing.set(frame.address, `${ours} here, ${frame.symbol} (${frame.module})`)
      }
  }
  names.close()
  child.kill('SIGKILL')
  const same = [...seen.values()].filter(Boolean).length
  console.log(`bpftrace: ${same} of ${seen.size} addresses of a running node have the same name`)
  for (const [address, example] of [...differing].slice(0, 10)) console.log(`  ${address}: ${example}`)
}

if (!statSync(path).isFile() || readFileSync(path).readUInt32BE(0) !== 0x7f454c46)
  throw new Error(`${path} is no ELF file`)
compareWithBinutils()
if (process.getuid?.() === 0) await compareWithTracer()
