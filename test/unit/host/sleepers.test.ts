import { describe, expect, it } from 'vitest'
import { parseKernelStack, parseSyscall } from '../../../probes/host/sleepers.ts'

describe('a sleeping thread as /proc shows it', () => {
  it('has a kernel stack without offsets, leaf first', () => {
    const text = `[<0>] hrtimer_nanosleep+0x74/0xf0
[<0>] common_nsleep+0x30/0x60
[<0>] 0xffffffffc0a81234
`
    expect(parseKernelStack(text)).toEqual(['hrtimer_nanosleep', 'common_nsleep', '0xffffffffc0a81234'])
    expect(parseKernelStack('')).toEqual([])
  })

  it.each([
    {
      text: '202 0x7f10 0x189 0x0 0x0 0x0 0xffffffff 0x7fff 0x7f48\n',
      syscall: { number: 202, args: [0x7f10n, 0x189n, 0n, 0n, 0n, 0xffffffffn] },
      userAddress: '7f48',
    },
    { text: '-1 0x7fff 0x7f48\n', syscall: null, userAddress: '7f48' },
    { text: 'running\n', syscall: null, userAddress: null },
    { text: '', syscall: null, userAddress: null },
  ])('tells its system call from $text', ({ text, syscall, userAddress }) => {
    expect(parseSyscall(text)).toEqual({ syscall, userAddress })
  })
})
