import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withShortEventList } from '../../probes/engine/event-list.ts'
import { kernelSuite, otherUsers } from './requirements.ts'

const EVENTS = '/sys/kernel/tracing/available_events'
const script =
  'tracepoint:sched:sched_switch { }\ntracepoint:raw_syscalls:sys_enter,\ntracepoint:sched:sched_switch { }\n'

async function listed(prefix: readonly string[] = []): Promise<string[]> {
  const { argv, remove } = await withShortEventList(script, ['/bin/cat', EVENTS])
  onTestFinished(remove)
  const [file = '', ...args] = [...prefix, ...argv]
  return execFileSync(file, args, { encoding: 'utf8' }).trimEnd().split('\n')
}

kernelSuite(
  'a short list of events for one tracer',
  () => {
    test('names what the script names, once; the host’s own list and mounts stay as they are', async () => {
      const before = readFileSync('/proc/self/mountinfo', 'utf8')
      expect(await listed()).toEqual(['sched:sched_switch', 'raw_syscalls:sys_enter'])
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(before)
      expect(readFileSync(EVENTS, 'utf8').split('\n').length).toBeGreaterThan(100)
    })

    test('where no mount namespace is given, as in containers, the command runs with the whole list', async () => {
      const whole = readFileSync(EVENTS, 'utf8').trimEnd().split('\n')
      expect(await listed(['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin', '--'])).toEqual(whole)
    })

    test('leaves nothing behind', async () => {
      const { argv, remove } = await withShortEventList(script, ['true'])
      const list = argv.find((word) => word.endsWith('/available_events')) ?? ''
      expect(existsSync(list)).toBe(true)
      remove()
      expect(existsSync(dirname(list))).toBe(false)
    })
  },
  otherUsers,
)
