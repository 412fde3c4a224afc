import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeFailure, formatFailure } from '../../cli/errors.ts'
import { randomOf } from './random.ts'
import { type FuzzTarget, harmIn, type Input } from './target.ts'

const tell = (event: object): void => void writeSync(3, `${JSON.stringify(event)}\n`)
/** What a case may take, resident. */
export const MOST_BYTES = 512 << 20
const MUCH_BYTES = 200 << 20

/** Highest resident memory since the last reset, bytes. */
const peakBytes = (): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024
const resetPeak = (): void => {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // Not allowed here: then the peak is that of the process so far.
  }
}

/**
 * Runs cases of a target, each on a line to descriptor 3 as it begins and ends: if this process dies or hangs, run.ts knows
 * in which, and finds its input in a file. Arguments: `TARGET SEED FROM TO INPUT` or, for one that was kept, `TARGET - KIND INPUT`.
 */
export async function runChild(targets: Readonly<Record<string, FuzzTarget>>): Promise<void> {
  const [name = '', seed = '', from = '', to = '', input = ''] = process.argv.slice(2)
  const folder = mkdtempSync(join(tmpdir(), 'probe-fuzz-child-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

  const target = targets[name]
  if (!target) throw new Error(`no target is called ${name}`)
  const { generate, read } = await target.open(folder)

  async function runCase(index: number, made: Input): Promise<void> {
    // What the cases before left behind is not this one's.
    if (process.memoryUsage.rss() > MUCH_BYTES) globalThis.gc?.()
    resetPeak()
    tell({ begin: index, kind: made.kind })
    let complaint: string | null = null
    try {
      complaint = await read(made)
    } catch (error) {
      const failure = describeFailure(error)
      const harm = harmIn('an error', `${formatFailure(failure)}${Object.values(failure).join(' ')}`)
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
      const places = stack
        .split('\n')
        .filter((line) => line.trim().startsWith('at '))
        .slice(0, 4)
      complaint = failure.exitCode === 70 ? `not foreseen: ${message}\n${places.join('\n')}` : harm
    }
    const peak = peakBytes()
    // The next case writes over the input before this one is looked at.
    if (input !== '' && (complaint !== null || peak > MOST_BYTES)) writeFileSync(`${input}-${index}`, made.bytes)
    tell({ end: index, complaint, peakBytes: peak })
  }

  process.on('unhandledRejection', (error) => {
    tell({ stray: error instanceof Error ? `${error.stack}` : String(error) })
    process.exit(1)
  })

  if (seed === '-') await runCase(0, { kind: from, bytes: readFileSync(to) })
  else {
    // What is loaded and compiled at first is nobody's fault.
    const warm = generate(randomOf(1))
    try {
      await read(warm)
    } catch {
      // It is run again as a case.
    }
    for (let index = Number(from); index < Number(to); index++) {
      const made = generate(randomOf(Number(seed) * 1_000_003 + index))
      writeFileSync(input, made.bytes)
      await runCase(index, made)
      // Timers and closed files have their turn.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  process.exit(0)
}
