import { describe, expect, test } from 'vitest'
import { wakeups } from '../../../probes/catalog/wakeups.ts'
import { interruptEntry } from '../../../probes/symbols/interrupt.ts'
import { decodeWith, windowOf } from './subjects.ts'

const wait = [
  ['__schedule', 'anon_pipe_read'],
  ['read', 'serve', 'main'],
] as const
const inProcess = [
  ['try_to_wake_up', 'anon_pipe_write'],
  ['write', 'feed', 'start'],
] as const
const inInterrupt = [
  ['try_to_wake_up', 'hrtimer_interrupt', 'asm_sysvec_apic_timer_interrupt', 'do_idle'],
  ['spin'],
] as const

const decoded = (
  rows: readonly (readonly [key: readonly (readonly string[] | number)[], ns: number, count: number])[],
) =>
  decodeWith(
    wakeups,
    'tracepoint',
    windowOf({
      wake_latency: [[[40], 3]],
      wake_ns: [[[0], 900]],
      wake_stacks: rows.map(([key, ns, count]) => [
        key.map((one) => (typeof one === 'number' ? one : [...one])),
        ns,
        count,
      ]),
    }),
  )

describe('who ended a wait stands below it, from the wakeup up to its process', () => {
  test('a thread', () => {
    const { data, stacks } = decoded([[[...wait, 7, ...inProcess], 600, 2]])
    expect(data).toMatchObject({ wakeups: 3, blocked_ns: 900 })
    expect(stacks).toEqual([
      {
        value: 600,
        count: 2,
        frames: [
          ...['main', 'serve', 'read', 'anon_pipe_read_[k]', '__schedule_[k]', '[woken by]'],
          ...['try_to_wake_up_[k]', 'anon_pipe_write_[k]', 'write', 'feed', 'start', '[process 7]'],
        ],
        dims: {},
      },
    ])
  })

  test('an interrupt, without what it interrupted', () => {
    const { stacks } = decoded([[[...wait, 7, ...inInterrupt], 300, 1]])
    expect(stacks?.[0]?.frames.slice(6)).toEqual([
      'try_to_wake_up_[k]',
      'hrtimer_interrupt_[k]',
      'asm_sysvec_apic_timer_interrupt_[k]',
      '[interrupt]',
    ])
  })

  test('waiting for work is told apart', () => {
    const { stacks } = decoded([[[['__schedule', 'ep_poll'], ['main'], 7, ...inInterrupt], 300, 1]])
    expect(stacks?.[0]?.dims).toEqual({ for: 'work' })
  })
})

test.each([
  [['asm_sysvec_call_function_single_[k]', 'sysvec_call_function_single_[k]'], 0],
  [['entry_SYSCALL_64_after_hwframe_[k]', 'do_syscall_64_[k]', '__irq_exit_rcu_[k]', 'net_rx_action_[k]'], 2],
  [['ret_from_fork_[k]', 'kthread_[k]', 'run_ksoftirqd_[k]', 'handle_softirqs.isra.0_[k]'], 2],
  [['el0t_64_sync_[k]', 'el1h_64_irq_[k]', 'gic_handle_irq_[k]'], 1],
  [['entry_SYSCALL_64_after_hwframe_[k]', 'do_syscall_64_[k]', 'futex_wake_[k]'], null],
  [[], null],
])('where an interrupt begins in %j', (frames, at) => {
  expect(interruptEntry(frames)).toBe(at)
})
