import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RawFrame } from '../../../probes/engine/frame.ts'
import { isAlive, readProcessStat } from '../../../probes/host/process.ts'
import { type ReaderOptions, startReader } from '../../../probes/symbols/reader.ts'
import { compile, lacking, run } from './programs.ts'

const source = `
#include <stdio.h>
__attribute__((noinline)) static void hidden(void) { __asm__ volatile("nop; nop; nop; nop"); }
int main(void) {
  hidden();
  printf("hidden %lx\\n", (unsigned long)hidden + 1);
  fflush(stdout);
  while (getchar() == '\\n') ;
  return 0;
}`

const at = (address: string | undefined): RawFrame => ({ address: address ?? null, symbol: null, module: null })

async function reader(options: ReaderOptions = {}) {
  const started = await startReader(options)
  onTestFinished(started.close)
  return started
}

const lacks = lacking('gcc')
describe.skipIf(lacks !== null)(`the process that reads${lacks ? ` [skipped: ${lacks}]` : ''}`, () => {
  test('knows the names of what runs, of processes that come and of those that have gone', async () => {
    const [first, second] = [await run(compile(source)), await run(compile(source))]
    const names = await reader({ pids: [first.pid] })
    await names.learn([first.addresses['hidden'] ?? ''])
    expect(names.names.symbolOf(at(first.addresses['hidden']))).toBe('hidden')
    expect(names.names.symbolOf(at(second.addresses['hidden']))).toBeNull()

    names.add(second.pid)
    await names.refresh(true)
    await second.end()
    names.remove(second.pid)
    await names.learn([first.addresses['hidden'] ?? '', second.addresses['hidden'] ?? ''])
    expect(names.names.symbolOf(at(first.addresses['hidden']))).toBe('hidden')
    expect(names.names.symbolOf(at(second.addresses['hidden']))).toBe('hidden')
    expect(names.takeNotes()).toEqual([])
  })

  test('is started anew when it is killed, and says so', async () => {
    const program = await run(compile(source))
    const names = await reader({ pids: [program.pid] })
    await names.refresh(true)
    const before = names.pid() ?? 0
    process.kill(before, 'SIGKILL')
    await expect.poll(names.pid).not.toBe(before)
    await names.learn([program.addresses['hidden'] ?? ''])
    expect(names.pid()).not.toBe(before)
    expect(names.names.symbolOf(at(program.addresses['hidden']))).toBe('hidden')
    expect(names.takeNotes()).toEqual([
      expect.stringMatching(/began anew, since the process that reads ended \(SIGKILL\)/),
    ])
  })

  test('ends when it is closed', async () => {
    const names = await reader()
    const pid = names.pid() ?? 0
    const stat = readProcessStat(pid)
    names.close()
    await expect.poll(() => stat && isAlive({ pid, starttime: stat.starttime })).toBe(false)
  })
})

describe('a process that reads and does not answer', () => {
  /** Stands where a read has never come back: it says what it reads, and nothing more. */
  const standIn = (body: string): string => {
    const directory = mkdtempSync(join(tmpdir(), 'probe-reader-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const entry = join(directory, 'reader.mjs')
    writeFileSync(entry, body)
    return entry
  }
  const says = (message: unknown) => `process.stdout.write(${JSON.stringify(`${JSON.stringify(message)}\n`)});`
  const reading = says({ reading: { key: 'k', what: '/srv/\u001b[31mhung of process 7' } })
  const stands = `${reading} process.stdin.resume(); setInterval(() => {}, 1e6);`
  const short = { stuckMs: 300, requestMs: 5_000, patienceMs: 60_000, lastPatienceMs: 60_000 }

  test('is killed, and what it read is named once, safe to show', async () => {
    const names = await reader({ entry: standIn(stands), limits: short })
    const pid = names.pid() ?? 0
    await names.learn(['401000'])
    expect(names.names.symbolOf(at('401000'))).toBeNull()
    expect(names.takeNotes()).toEqual([
      'names may be missing from stacks: /srv/\\x1b[31mhung of process 7 is not read any more, since it did not answer within 0.3 s',
    ])
    expect(names.pid()).not.toBe(pid)
  })

  test('is not started for ever: in the end there are no names, and a note says so', async () => {
    const names = await reader({ entry: standIn(stands), limits: short })
    for (let i = 0; i < 5; i++) await names.learn([`40100${i}`])
    expect(names.pid()).toBeNull()
    expect(names.takeNotes().at(-1)).toMatch(/no names from here on/)
    await names.refresh(true)
  })

  test('is killed when it works without end', async () => {
    const names = await reader({
      entry: standIn(`${reading} for (;;);`),
      limits: { ...short, stuckMs: 60_000, requestMs: 600 },
    })
    await names.learn(['401000'])
    expect(names.takeNotes()[0]).toMatch(/took more than 0\.6 s/)
  })

  test('is not waited for by a window: what comes later is there for the next', async () => {
    const answer = says({ id: 0, answer: [['late', null, null, false, null]], notes: [] })
    const names = await reader({
      entry: standIn(`process.stdin.on('data', (text) => { if (String(text).includes('"id":1')) { ${answer} } });`),
      limits: { ...short, stuckMs: 60_000, requestMs: 60_000, patienceMs: 50 },
    })
    await names.learn(['401000'])
    expect(names.names.symbolOf(at('401000'))).toBeNull()
    expect(names.takeNotes()).toEqual([expect.stringContaining('took more than 0.05 s')])
    await names.learn(['401001'])
    await expect.poll(() => names.names.symbolOf(at('401000')), { timeout: 30_000 }).toBe('late')
  })

  test.each([
    ['is no JSON', "process.stdout.write('oops\\n'); process.stdin.resume();"],
    ['is something else', "process.stdout.write('{}\\n'); process.stdin.resume();"],
    ['is its death', 'process.exit(1);'],
  ])('whose answer %s is not believed', async (_, body) => {
    const names = await reader({ entry: standIn(body), limits: short })
    for (let i = 0; i < 5; i++) await names.learn([`40100${i}`])
    expect(names.names.symbolOf(at('401000'))).toBeNull()
    expect(names.takeNotes().length).toBeGreaterThan(0)
  })
})

test('a pipe where a perf map should be is not waited for', async () => {
  const path = `/tmp/perf-${process.pid}.map`
  execFileSync('mkfifo', [path])
  chmodSync(path, 0o666)
  onTestFinished(() => rmSync(path, { force: true }))
  const names = await reader({ pids: [process.pid] })
  await names.refresh(true)
  await names.learn(['10'])
  expect(names.jitName(at('10'))).toBeNull()
  expect(names.takeNotes()).toEqual([])
})
