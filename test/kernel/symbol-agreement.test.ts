import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { inspectBpftrace } from '../../probes/host/bpftrace.ts'
import { dialectOf } from '../../probes/script/dialect.ts'
import { createElfFiles } from '../../probes/symbols/elf-file.ts'
import { parseFrames } from '../../probes/symbols/frames.ts'
import { readSymbolTable } from '../../probes/symbols/symbol-table.ts'
import { createUserNames } from '../../probes/symbols/user-names.ts'
import { listSymbols, namesByAddr2line } from './binutils.ts'
import { kernelSuite, program } from './requirements.ts'
import { whyAddr2lineDiffers, whyNmDiffers } from './symbol-differences.ts'

const node = realpathSync(fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url)))
const ADDRESSES = 10_000

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

/** Addresses in a program's code, evenly spread over its bytes. */
function someAddresses(sections: readonly { start: number; end: number }[]): number[] {
  const next = random(5)
  const code = sections.filter(({ start, end }) => start > 0 && end > start)
  const bytes = code.reduce((sum, { start, end }) => sum + end - start, 0)
  return Array.from({ length: ADDRESSES }, () => {
    let at = Math.floor(next() * bytes)
    const section = code.find(({ start, end }) => {
      if (at < end - start) return true
      at -= end - start
      return false
    })
    return (section?.start ?? 0) + at
  })
}

/** How often each thing was seen, with an example, for the reader of the test's output. */
function createTally() {
  const seen = new Map<string, { count: number; example: string }>()
  return {
    add: (kind: string, example: string) => {
      const before = seen.get(kind)
      seen.set(kind, { count: (before?.count ?? 0) + 1, example: before?.example ?? example })
    },
    print: (title: string) => {
      const lines = [...seen].sort((a, b) => b[1].count - a[1].count)
      console.log(
        [
          title,
          ...lines.map(([kind, { count, example }]) => `${String(count).padStart(7)}  ${kind} (${example})`),
        ].join('\n'),
      )
    },
    of: (kind: string): number => seen.get(kind)?.count ?? 0,
  }
}

const SAME = 'the same'

kernelSuite('names of a large program', () => {
  test(`are those of addr2line and nm at ${ADDRESSES} random addresses, and each that is not is explained`, () => {
    const files = createElfFiles()
    onTestFinished(files.close)
    const file = files.open(node)
    if (file === null) throw new Error(`${node} is no ELF file`)
    const addresses = someAddresses(file.image.code)
    const table = readSymbolTable([file])
    const nm = listSymbols(node)
    const lines = namesByAddr2line(node, addresses)
    expect(lines).toHaveLength(ADDRESSES)

    const [byAddr2line, byNm, unexplained] = [createTally(), createTally(), [] as string[]]
    for (const [i, address] of addresses.entries()) {
      const ours = table?.nameAt(address) ?? null
      const theirs = lines[i] ?? []
      const example = `${address.toString(16)}: ${ours} here, ${theirs.join(' < ') || null}`
      const isSame = ours === (theirs[0] ?? null)
      const why = isSame ? SAME : whyAddr2lineDiffers({ address, ours, theirs }, nm)
      const covering = nm.covering(address).map(({ name }) => name)
      const isListed = ours === null ? covering.length === 0 : covering.includes(ours)
      const whyNotListed = isListed ? SAME : whyNmDiffers(address, ours, nm)
      if (why === null) unexplained.push(`addr2line: ${example}`)
      else byAddr2line.add(why, example)
      if (whyNotListed === null) unexplained.push(`nm: ${address.toString(16)}: ${ours} here, ${covering.join(', ')}`)
      else byNm.add(whyNotListed, example)
    }
    byAddr2line.print(`addr2line, ${ADDRESSES} addresses:`)
    byNm.print(`nm, ${nm.symbols} symbols, ${ADDRESSES} addresses:`)
    expect(unexplained).toEqual([])
    expect(byAddr2line.of(SAME)).toBeGreaterThan(0.9 * ADDRESSES)
    expect(byNm.of(SAME)).toBeGreaterThan(0.99 * ADDRESSES)
  })

  test('are those of the tracer in the stacks of a process that runs', async ({ skip }) => {
    const { bpftrace } = await inspectBpftrace()
    if (bpftrace === null) throw new Error('no bpftrace')
    const tracer = dialectOf(bpftrace.version)
    skip(tracer.stackMode.user !== 'perf', 'this bpftrace prints no addresses beside names')
    const child = spawn(node, [
      '-e',
      'console.log(1); for (;;) JSON.parse(JSON.stringify({ a: [1, "x", /y/.test("xyz")] }))',
    ])
    onTestFinished(() => void child.kill('SIGKILL'))
    const { pid } = child
    if (pid === undefined) throw new Error('node could not be started')
    await once(child.stdout, 'data')
    const script = `profile:hz:499 /pid == ${pid}/ { @[ustack(perf)] = count(); } interval:s:3 { exit(); }`
    const output = execFileSync(bpftrace.path, ['-f', 'json', '--no-warnings', '-e', script], {
      env: { ...process.env, ...tracer.environment(4096), ...tracer.mangledNames },
      maxBuffer: 2 ** 28,
    }).toString()
    const names = createUserNames([pid])
    onTestFinished(names.close)

    const [differing, seen] = [new Set<string>(), new Set<string>()]
    for (const stack of stacksIn(output))
      for (const frame of parseFrames(stack)) {
        if (frame.address === null || frame.symbol === null || frame.module?.includes('perf-')) continue
        seen.add(frame.address)
        const ours = names.symbolOf({ ...frame, symbol: null })
        if (ours !== frame.symbol) differing.add(`${frame.address}: ${ours} here, ${frame.symbol} (${frame.module})`)
      }
    console.log(`bpftrace: ${seen.size - differing.size} of ${seen.size} addresses have the same name`)
    expect([...differing]).toEqual([])
    expect(seen.size).toBeGreaterThan(100)
  })
}, [program('nm', 'binutils'), program('addr2line', 'binutils')])

const entriesSchema = z.object({ type: z.literal('map'), data: z.record(z.string(), z.record(z.string(), z.number())) })

const stacksIn = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => {
      const record = entriesSchema.safeParse(JSON.parse(line))
      return record.success ? Object.values(record.data.data).flatMap((map) => Object.keys(map)) : []
    })
