import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cgroupsBelow, findCgroup, mountPoints, processesIn } from '../../../probes/host/cgroup.ts'

// A directory stands for the hierarchy: only names, inodes and cgroup.procs matter.
const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'probe-cgroup-')))
afterAll(() => rmSync(root, { recursive: true }))
mkdirSync(path.join(root, 'system.slice/api.service'), { recursive: true })
writeFileSync(path.join(root, 'system.slice/cgroup.procs'), '12\n7\n')
symlinkSync('/etc', path.join(root, 'way-out'))

test.each(['system.slice/api.service', '/system.slice/api.service', path.join(root, 'system.slice/api.service')])(
  '%s is found',
  (selector) => {
    const id = statSync(path.join(root, 'system.slice/api.service')).ino
    expect(findCgroup(selector, root)).toEqual({ path: '/system.slice/api.service', id })
  },
)

test('the root is one too', () => {
  expect(findCgroup('/', root)).toEqual({ path: '/', id: statSync(root).ino })
})

test.each(['nowhere', '../..', '/etc', 'way-out', 'system.slice/cgroup.procs'])('%s is none', (selector) => {
  expect(findCgroup(selector, root)).toBeNull()
})

test('members and what lies below are told apart', () => {
  const cgroup = { path: '/system.slice', id: 1 }
  expect(processesIn(cgroup, root)).toEqual([12, 7])
  expect(cgroupsBelow(cgroup, root)).toMatchObject([{ path: '/system.slice/api.service' }])
  expect(cgroupsBelow({ path: '/', id: 1 }, root).map((one) => one.path)).toContain('/system.slice/api.service')
})

test('mount points are read from /proc/mounts', () => {
  const mounts = `cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
none /mnt/with\\040blank cgroup2 rw 0 0
`
  expect(mountPoints(mounts, 'cgroup2')).toEqual(['/sys/fs/cgroup/unified', '/mnt/with blank'])
})
