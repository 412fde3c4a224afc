import { describe, expect, test } from 'vitest'
import { dialectOf } from '../../../probes/script/dialect.ts'
import { int, kstack, nsecs, tid } from '../../../probes/script/expr.ts'
import { cutWord, type FrameKind, WORD } from '../../../probes/script/frame.ts'
import { countIn, openMap, resultMap, stateMap } from '../../../probes/script/maps.ts'
import { on, record, set } from '../../../probes/script/parts.ts'
import { buildProgram } from '../../../probes/script/program.ts'

const PID_MAX = 4_194_304
const waits = openMap('waits', 'int', 'int')
const helper = stateMap('helper', 'int', 'int')
const calls = resultMap('calls', 'count', 'int')
const stacks = resultMap('stacks', 'count', 'stack')

function scriptWith(frame: FrameKind): string {
  const handler = on('sched:sched_process_exit', 'a thread ends', () => ({
    body: [
      set(waits, [tid], nsecs),
      set(helper, [tid], nsecs),
      record(countIn(calls, int(1)), countIn(stacks, kstack)),
    ],
  }))
  return buildProgram([{ name: 'sample', parts: { handlers: [handler] } }], {
    dialect: dialectOf([0, 17, 0]),
    frame,
    limitSeconds: 60,
    mapEntries: 1024,
    targets: { handlers: [] },
    layout: null,
  }).text
}

/** What one program of the script does. */
const bodyOf = (script: string, attach: string): string => script.split(`${attach}\n`)[1]?.split('\n}')[0] ?? ''

describe('a script whose windows the recorder cuts', () => {
  const script = scriptWith({ kind: 'cuts', recorderPid: 4242 })

  test('obeys that process only', () => {
    expect(script).toContain('tracepoint:syscalls:sys_enter_getpriority\n/pid == 4242/')
  })

  test('lists open waits, and nothing else that is open, when the phase changes', () => {
    expect(script).toContain('print(@waits);')
    expect(script).not.toContain('print(@helper)')
  })

  test('leaves nothing for bpftrace to print at the end', () => {
    for (const map of ['calls_a', 'calls_b', 'stacks_a', 'stacks_b', 'waits', 'helper'])
      expect(bodyOf(script, 'END')).toContain(`clear(@${map});`)
  })
})

describe('a script to be run by hand', () => {
  const script = scriptWith({ kind: 'ticks' })

  test('says first how it is run, with the environment its version needs', () => {
    expect(script.split('\n')[0]).toContain(
      'sudo env BPFTRACE_CACHE_USER_SYMBOLS=1 BPFTRACE_MAP_KEYS_MAX=1024 bpftrace --no-warnings FILE',
    )
  })

  test('waits for nobody: it ends a window each second', () => {
    expect(script).not.toContain('getpriority')
    expect(bodyOf(script, 'interval:s:1')).toContain('print(@calls_a); clear(@calls_a);')
  })

  test('ends by itself after the limit', () => {
    expect(bodyOf(script, 'interval:s:1')).toContain('> 60000000000) { exit(); }')
  })

  test('leaves the last results and the open waits to be printed at the end, not its own state', () => {
    const end = bodyOf(script, 'END')
    for (const map of ['calls', 'stacks', 'waits']) expect(end).not.toContain(map)
    for (const map of ['helper', 'side', 'phase_start', 'started', 'tick']) expect(end).toContain(`clear(@${map});`)
  })
})

test.each([
  [1, false],
  [1, true],
  [1_000_000, true],
])('the word that cuts to phase %i with stacks %s names no process and is no other word', (phase, withStacks) => {
  const word = cutWord(phase, withStacks)
  expect(word).toBeGreaterThan(PID_MAX)
  expect(word).toBeLessThan(2 ** 31)
  expect(Object.values(WORD).filter((other) => other === word)).toEqual([])
})
