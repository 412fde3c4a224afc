import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RawFrame } from '../../../probes/engine/frame.ts'
import { nameStack, parseFrames } from '../../../probes/symbols/frames.ts'
import { frame } from './subjects.ts'

const raw = (address: string | null, symbol: string | null, module: string | null): RawFrame => ({
  address,
  symbol,
  module,
})

describe('a printed frame', () => {
  const forms: [string, string, RawFrame][] = [
    ['with address, kernel', '\tffffffff821fb643 schedule+35', raw('ffffffff821fb643', 'schedule', null)],
    ['with address and file', '\t7f51 nap+4 (/usr/bin/app)', raw('7f51', 'nap', '/usr/bin/app')],
    [
      'in a file that was replaced',
      '\t7f51 nap+4 (/usr/bin/app (deleted))',
      raw('7f51', 'nap', '/usr/bin/app (deleted)'),
    ],
    ['in a file with parentheses', '\t7f51 nap+4 (/opt/my (app)/bin)', raw('7f51', 'nap', '/opt/my (app)/bin')],
    ['without symbol', '\t7f51 [unknown] (/usr/bin/app)', raw('7f51', null, '/usr/bin/app')],
    ['without symbol and file', '\t7f74c373f8bb 0x7f74c373f8bb ([unknown])', raw('7f74c373f8bb', null, '[unknown]')],
    [
      'just-in-time',
      '\t7f51 JS:*run /srv/a.js:1:2+9 (/tmp/perf-7.map)',
      raw('7f51', 'JS:*run /srv/a.js:1:2', '/tmp/perf-7.map'),
    ],
    ['C++', '\t7f51 ns::f<int>(a, (b)0) const+12 (/srv/app)', raw('7f51', 'ns::f<int>(a, (b)0) const', '/srv/app')],
    ['C++, kernel side of it without a file', '\t7f51 ns::f(int)+12', raw('7f51', 'ns::f(int)', null)],
    ['symbol only', '        schedule+35', raw(null, 'schedule', null)],
    ['symbol only, no offset', 'schedule', raw(null, 'schedule', null)],
    ['symbol and hexadecimal offset', 'schedule+0x23', raw(null, 'schedule', null)],
    ['symbol with a plus in it', 'operator+(int)+7', raw(null, 'operator+(int)', null)],
    ['address only', '0x7f06579a8afb', raw('7f06579a8afb', null, null)],
    ['address only, raw', '7f06579a8afb', raw('7f06579a8afb', null, null)],
    ['a name of hexadecimal digits', 'facade+4', raw(null, 'facade', null)],
    ['a word where an address should be', '0', raw('0', null, null)],
    ['a word where an address should be, with its file', '\tf 0xf ([unknown])', raw('f', null, '[unknown]')],
    ['nothing where an address should be', '\t0 0 ([unknown])', raw('0', null, '[unknown]')],
  ]
  test.each(forms)('%s', (_, line, expected) => {
    expect(parseFrames(`\n${line}\n`)).toEqual([expected])
  })

  test('stands on a line of its own; blank lines are none', () => {
    expect(parseFrames('\n a+1\n\n  b+2\n \n').map((f) => f.symbol)).toEqual(['a', 'b'])
    expect(parseFrames('')).toEqual([])
  })

  test('is never dropped, whatever it says', () => {
    const line = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => !text.includes('\n') && text.trim() !== '')
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        expect(parseFrames(lines.join('\n'))).toHaveLength(lines.length)
      }),
    )
  })
})

describe('the names of a stack', () => {
  const noJit = () => null

  test('stand root first, user before kernel, with the kernel’s marked', () => {
    const names = nameStack([frame('nap'), frame('worker')], [frame('schedule'), frame('do_futex')], noJit)
    expect(names).toEqual(['worker', 'nap', 'do_futex_[k]', 'schedule_[k]'])
  })

  test('leave out what tracing itself puts on top, and only that', () => {
    const kernel = ['bpf_prog_1', 'perf_trace_sched', '__traceiter_sys_exit', '__schedule', 'bpf_map_x']
    expect(
      nameStack(
        [],
        kernel.map((name) => frame(name)),
        noJit,
      ),
    ).toEqual(['bpf_map_x_[k]', '__schedule_[k]'])
  })

  test.each([
    ['a file', frame('0x7f51', '/usr/lib/libx.so'), '[libx.so]'],
    ['no file', frame('0x7f51', '[unknown]'), '[unknown]'],
    ['nothing at all', frame('0x7f51'), '[unknown]'],
  ])('keep an unnamed frame: %s', (_, unnamed, name) => {
    expect(nameStack([unnamed, frame('main')], [], noJit)).toEqual(['main', name])
  })

  test('keep an unnamed kernel frame', () => {
    expect(nameStack([], [frame('0xffffffff8100')], noJit)).toEqual(['[unknown]_[k]'])
  })

  test('take just-in-time names where there are some, and mark them', () => {
    const jit = (f: RawFrame) => (f.address === '7f51' ? 'JS:*run a.js' : null)
    expect(nameStack([frame('0x7f51'), frame('node::Start')], [], jit)).toEqual(['node::Start', 'JS:*run a.js_[j]'])
  })

  test('are safe to show, wherever they come from', () => {
    const names = nameStack([frame('a\x1b[2J'), frame('0x7f52')], [frame('k\u202e')], (f) =>
      f.address === '7f52' ? 'j\x07' : null,
    )
    expect(names).toEqual(['j\\x07_[j]', 'a\\x1b[2J', 'k\\u202e_[k]'])
  })

  test.each([
    [
      'a program',
      ['main', '__libc_start_call_main', '__do_global_dtors_aux', '0x7f51'],
      ['__libc_start_call_main', 'main'],
    ],
    [
      'a program whose C library keeps frame pointers',
      ['main', '__libc_start_call_main', '__libc_start_main@@GLIBC_2.34', '_start', '0x1'],
      ['_start', '__libc_start_main@@GLIBC_2.34', '__libc_start_call_main', 'main'],
    ],
    ['a thread', ['work', 'start_thread', '__clone3', 'garbage'], ['__clone3', 'start_thread', 'work']],
    ['one of nothing we know', ['work', 'goexit', 'x'], ['x', 'goexit', 'work']],
  ])('end where %s begins: what lies below was left there by something else', (_, leafFirst, names) => {
    const stack = leafFirst.map((name) => frame(name))
    expect(nameStack(stack, [], noJit)).toEqual(names)
  })

  test('have main where the walk has passed over it: nothing else is called from there', () => {
    const names = nameStack([frame('0x1'), frame('0x2'), frame('0x3')], [], noJit, {
      symbolOf: ({ address }) => ({ 1: 'read', 2: '__libc_start_call_main', 3: 'garbage' })[address ?? ''] ?? null,
      moduleOf: () => null,
      skipsCaller: ({ address }) => address === '1',
      calledBefore: () => null,
    })
    expect(names).toEqual(['__libc_start_call_main', 'main', 'read'])
  })

  test('are bounded, and keep their mark', () => {
    const [name] = nameStack([], [frame('x'.repeat(5000))], noJit)
    expect(name).toHaveLength(512 + '_[k]'.length)
    expect(name).toMatch(/…_\[k\]$/)
  })
})
