import { PassThrough } from 'node:stream'
import type { ReadStream } from 'node:tty'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { type Pointer, partInput } from '../../../ui/terminal/mouse.ts'
import { tapInput } from '../../../ui/terminal/tap.ts'

describe('partInput', () => {
  it.each([
    ['\x1b[<0;1;1M', { kind: 'press', button: 'left', x: 0, y: 0 }],
    ['\x1b[<0;120;40m', { kind: 'release', button: 'left', x: 119, y: 39 }],
    ['\x1b[<1;3;4M', { kind: 'press', button: 'middle', x: 2, y: 3 }],
    ['\x1b[<2;3;4M', { kind: 'press', button: 'right', x: 2, y: 3 }],
    ['\x1b[<32;7;8M', { kind: 'drag', button: 'left', x: 6, y: 7 }],
    ['\x1b[<64;7;8M', { kind: 'wheel', button: 'up', x: 6, y: 7 }],
    ['\x1b[<65;7;8M', { kind: 'wheel', button: 'down', x: 6, y: 7 }],
    ['\x1b[<16;7;8M', { kind: 'press', button: 'left', x: 6, y: 7 }],
  ])('reads %j', (report, pointer) => {
    expect(partInput('', report)).toEqual({ pointers: [pointer], typed: '', held: '' })
  })

  it.each(['\x1b[<66;1;1M', '\x1b[<35;1;1M', '\x1b[<128;1;1M'])('takes out %j, which means nothing here', (report) => {
    expect(partInput('', `a${report}b`)).toEqual({ pointers: [], typed: 'ab', held: '' })
  })

  it.each(['a\x1b[A', '\x1bOP', '\x1b[<x', '\x1b[<123456;1;1M', 'ü'])('leaves %j to the keys', (typed) => {
    expect(partInput('', typed)).toEqual({ pointers: [], typed, held: '' })
  })

  it('holds what may become a report, and lets it go when it does not', () => {
    expect(partInput('', 'q\x1b')).toEqual({ pointers: [], typed: 'q', held: '\x1b' })
    expect(partInput('\x1b', '[<0;1')).toEqual({ pointers: [], typed: '', held: '\x1b[<0;1' })
    expect(partInput('\x1b', '[A')).toEqual({ pointers: [], typed: '\x1b[A', held: '' })
  })

  it('finds the same wherever the input is cut', () => {
    const typed = fc.string({ unit: fc.constantFrom('a', 'q', '\r', '\x7f', '5', ';', 'M', '<'), maxLength: 5 })
    const report = fc.record({ x: fc.nat(300), y: fc.nat(99), code: fc.constantFrom(0, 2, 32, 64, 65) })
    fc.assert(
      fc.property(fc.array(fc.tuple(typed, report)), fc.array(fc.nat(200)), (parts, cuts) => {
        const input = parts.map(([text, { code, x, y }]) => `${text}\x1b[<${code};${x + 1};${y + 1}M`).join('')
        const found = { pointers: [] as Pointer[], typed: '' }
        let held = ''
        for (const piece of pieces(input, cuts)) {
          const parted = partInput(held, piece)
          held = parted.held
          found.typed += parted.typed
          found.pointers.push(...parted.pointers)
        }
        expect(held).toBe('')
        expect(found.typed).toBe(parts.map(([text]) => text).join(''))
        expect(found.pointers.map(({ x, y }) => ({ x, y }))).toEqual(parts.map(([, { x, y }]) => ({ x, y })))
      }),
    )
  })

  it('keeps no more of a stream without end than a report can be long', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('\x1b', '[', '<', '0', ';', 'a') })), (chunks) => {
        let held = ''
        for (const chunk of chunks) held = partInput(held, chunk).held
        expect(held.length).toBeLessThanOrEqual(20)
      }),
    )
  })
})

const pieces = (text: string, cuts: readonly number[]): string[] => {
  const at = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => text.slice(from, at[i] ?? text.length))
}

describe('tapInput', () => {
  const open = () => {
    const terminal = new PassThrough()
    const pointers: Pointer[] = []
    const tap = tapInput(terminal as unknown as ReadStream, (pointer) => pointers.push(pointer))
    return { terminal, pointers, tap }
  }

  it('passes every other byte, also half characters', () => {
    const { terminal, pointers, tap } = open()
    const bytes = Buffer.from('ü€🔥')
    terminal.write(bytes.subarray(0, 3))
    terminal.write(Buffer.concat([Buffer.from('\x1b[<0;2;3M'), bytes.subarray(3)]))
    expect((tap.stdin.read() as Buffer).toString()).toBe('ü€🔥')
    expect(pointers).toHaveLength(1)
  })

  it('lets a lone escape go when nothing follows', () => {
    vi.useFakeTimers()
    try {
      const { terminal, tap } = open()
      terminal.write('\x1b')
      expect(tap.stdin.read()).toBeNull()
      vi.runAllTimers()
      expect((tap.stdin.read() as Buffer).toString()).toBe('\x1b')
    } finally {
      vi.useRealTimers()
    }
  })

  it('ends with the terminal, and leaves it alone once closed', async () => {
    const { terminal, pointers, tap } = open()
    tap.close()
    terminal.write('\x1b[<0;2;3M')
    expect(pointers).toEqual([])
    expect(terminal.isPaused()).toBe(true)
    const other = open()
    const ended = new Promise((resolve) => other.tap.stdin.on('end', resolve).resume())
    other.terminal.end()
    await ended
  })
})
