import { describe, expect, test } from 'vitest'
import { createFunctionTally, ownFunction, tally } from '../../../audit/model/top-functions.ts'
import { isLibraryFrame } from '../../../probes/index.ts'

describe('the function that a stack is about', () => {
  test.each([
    ['main;worker;reserve_seat;___pthread_mutex_lock;__lll_lock_wait;futex_wait_[k];schedule_[k]', 'reserve_seat'],
    ['main;serve;answer;clock_nanosleep;do_nanosleep_[k];schedule_[k]', 'answer'],
    ['_start;__libc_start_call_main;main;parse;memcpy', 'parse'],
    ['main;load;[caller not seen];__GI___recv;__x64_sys_recvfrom_[k]', 'load'],
    ['main;std::thread::run;app::Cache::get;operator new(unsigned long);malloc', 'app::Cache::get'],
    ['main.serve;main.handler;sync.(*Mutex).Lock;runtime.semacquire1;runtime.futex', 'main.handler'],
    ['Interpreter_[j];com.shop.Cart.total_[j];java.util.HashMap.get_[j]', 'com.shop.Cart.total'],
    ['start_thread;worker;[libc.so.6]', 'worker'],
    // None of its own: the nearest that has a name.
    ['start_thread;__futex_abstimed_wait_common;futex_wait_[k];schedule_[k]', '__futex_abstimed_wait_common'],
    ['[unknown];do_idle_[k];schedule_[k]', 'schedule'],
  ])('%s', (stack, name) => {
    expect(ownFunction(stack.split(';'))).toBe(name)
  })

  test('of nothing is nothing', () => {
    expect(ownFunction([])).toBe('')
  })

  test('is not one of a library, whose names are known; a program’s own with such a beginning is', () => {
    for (const name of [
      'read',
      'epoll_wait',
      'pthread_cond_wait',
      '__GI_fsync',
      '_int_malloc',
      'uv__io_poll',
      'std::sort',
    ])
      expect(isLibraryFrame(name), name).toBe(true)
    for (const name of ['reader', 'read_config', 'stdlib_of_ours', 'runtime_loop', 'main', 'standard::sort'])
      expect(isLibraryFrame(name), name).toBe(false)
  })
})

test('a tally adds up what functions have, and counts whatever has no room by name in the total', () => {
  const functions = createFunctionTally()
  const names = ['main', 'a', 'b', 'read']
  tally(functions, [5, 1, [0, 1, 3]], names)
  tally(functions, [3, 1, [0, 1]], names)
  tally(functions, [2, 1, [0, 2]], names)
  expect([functions.total, ...functions.byName]).toEqual([10, ['a', 8], ['b', 2]])
  for (let i = 0; i < 6000; i++) tally(functions, [1, 1, [0]], [`f${i}`])
  expect([functions.total, functions.byName.size]).toEqual([6010, 5000])
})
