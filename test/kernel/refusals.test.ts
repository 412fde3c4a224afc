import { chownSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Finished, freshDirectory, probe } from './attach.ts'
import { kernelSuite, otherUsers } from './requirements.ts'
import { startWorkload } from './workload.ts'

/** above the highest pid Linux can give (PID_MAX_LIMIT, include/linux/threads.h) */
const impossiblePid = 4194305
const nobody = 65534

kernelSuite(
  'what cannot be attached is refused with one clear line, what to do, and the right exit code',
  () => {
    test('a process that does not exist', async () => {
      const refused = await probe(['attach', '--pid', String(impossiblePid), '--json', '--no-ui'])
      expectRefusal(refused, 4, new RegExp(`${impossiblePid}`))
    })

    test('a kernel thread', async () => {
      expectRefusal(await probe(['attach', '--pid', '2', '--json', '--no-ui']), 4, /kernel thread/i)
    })

    test('no bpftrace on the host', async () => {
      const program = await startWorkload('phases')
      const env = { PROBE_BPFTRACE: '/nonexistent/bpftrace' }
      expectRefusal(await probe(['attach', '--pid', String(program.pid), '--json', '--no-ui'], { env }), 3, /bpftrace/)
    })

    test('a user without privileges', async () => {
      const program = await startWorkload('phases')
      const directory = freshDirectory()
      chownSync(directory, nobody, nobody)
      const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
      const refused = await probe(['attach', '--pid', String(program.pid), '--json', '--no-ui'], { directory, prefix })
      expectRefusal(refused, 3, /root|privilege|permi|sudo|CAP_/i)
    })
  },
  otherUsers,
)

function expectRefusal({ code, stderr }: Finished, exitCode: number, about: RegExp): void {
  expect(stderr).toMatch(/^error: \S/m)
  expect(stderr).toMatch(about)
  expect(stderr).toMatch(/fix: \S/)
  expect(stderr, 'no stack trace').not.toMatch(/^\s+at /m)
  expect(code).toBe(exitCode)
}
