import { chownSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Finished, freshDirectory, probe } from './attach.ts'
import { startServer } from './audits.ts'
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

    test('a host whose tracefs is not mounted', async () => {
      const program = await startWorkload('phases')
      // In a mount namespace of its own: the machine's stays as it is.
      const hide = 'umount -l /sys/kernel/tracing 2>/dev/null; umount -l /sys/kernel/debug 2>/dev/null; exec "$@"'
      const prefix = ['unshare', '--mount', 'sh', '-c', hide, 'sh']
      const args = ['attach', '--pid', String(program.pid), '--json', '--no-ui']
      expectRefusal(await probe(args, { prefix }), 3, /tracefs is not mounted\n {2}fix: sudo mount -t tracefs/)
    })

    test('a user without privileges, who is left with nothing to clear away', async () => {
      const program = await startWorkload('phases')
      const { url, pid } = await startServer()
      const directory = freshDirectory()
      chownSync(directory, nobody, nobody)
      const phases = [{ name: 'load', duration: '1s', rate: '10/s' }]
      for (const [name, target] of Object.entries({ byUrl: { url }, byPid: { url, pid } }))
        writeFileSync(join(directory, `${name}.json`), JSON.stringify({ target, phases }))
      const prefix = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups']
      for (const args of [
        ['attach', '--pid', String(program.pid), '--json'],
        ['audit', 'byUrl.json', '--out', 'results'],
        ['audit', 'byPid.json', '--out', 'results'],
      ]) {
        const refused = await probe([...args, '--no-ui'], { directory, prefix })
        expectRefusal(refused, 3, /root|privilege|permi|sudo|CAP_/i)
        expect(refused.stderr).not.toMatch(/EACCES|trace-warnings/)
        expect(readdirSync(directory).sort()).toEqual(['byPid.json', 'byUrl.json'])
      }
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
