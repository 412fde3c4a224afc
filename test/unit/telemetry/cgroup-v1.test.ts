import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openCgroups } from '../../../audit/telemetry/cgroup-tree.ts'
import {
  lineageIn,
  parseHierarchies,
  parseOomControl,
  parsePlaces,
  parseThrottling,
} from '../../../audit/telemetry/cgroup-v1.ts'
import type { Target } from '../../../probes/index.ts'

/** A tree of files, and what the source reads of it for a process at these places. */
function read(
  files: Record<string, string>,
  { mounts, places, v2 = null }: { mounts: string[]; places: string; v2?: string | null },
) {
  const root = mkdtempSync(join(tmpdir(), 'probe-cgroup-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const mountinfo = mounts.map((line, i) => `${30 + i} 25 0:${30 + i} ${line.replace('ROOT', root)}`).join('\n')
  const target = {
    processes: [{ pid: 7, starttime: 1, comm: 'api' }],
    cgroup: v2 === null ? null : { path: v2, id: 1 },
  } as Target
  const opened = openCgroups(
    { target },
    { rootV2: () => (v2 === null ? null : join(root, 'unified')), mountinfo: () => mountinfo, placesV1: () => places },
  )
  if ('missing' in opened) return opened
  onTestFinished(opened.close)
  return opened.read()
}

const CPU = '/ ROOT/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct'
const MEMORY = '/ ROOT/memory rw,relatime - cgroup cgroup rw,memory'
const SYSTEMD = '/ ROOT/systemd rw - cgroup cgroup rw,xattr,name=systemd'
const UNIFIED = '/ ROOT/unified rw - cgroup2 cgroup2 rw'
const limited = {
  'cpu/web/api/cpu.stat': 'nr_periods 120\nnr_throttled 118\nthrottled_time 8870000000\n',
  'cpu/web/api/cpu.cfs_quota_us': '20000\n',
  'cpu/web/api/cpu.cfs_period_us': '100000\n',
  'cpu/web/api/cpuacct.usage': '2400000000\n',
  'cpu/web/cpu.stat': 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n',
  'cpu/web/cpu.cfs_quota_us': '-1\n',
  'cpu/web/cpu.cfs_period_us': '100000\n',
  'cpu/cpu.stat': 'nr_periods 5\nnr_throttled 5\nthrottled_time 5\n',
  'memory/box/memory.usage_in_bytes': '1048576\n',
  'memory/box/memory.limit_in_bytes': '9223372036854771712\n',
  'memory/box/memory.failcnt': '3\n',
  'memory/box/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
}
const places = '9:name=systemd:/x\n4:memory:/box\n2:cpu,cpuacct:/web/api\n0::/\n'

describe('cgroups of version 1', () => {
  test('are read by the names of version 2, each controller up its own tree, the root left out', () => {
    expect(read(limited, { mounts: [CPU, MEMORY, SYSTEMD], places })).toEqual({
      'own.cpu.nr_periods': 120,
      'own.cpu.nr_throttled': 118,
      'own.cpu.throttled_usec': 8_870_000,
      'own.cpu.limit_cpus': 0.2,
      'own.cpu.usage_usec': 2_400_000,
      'up1.cpu.nr_periods': 0,
      'up1.cpu.nr_throttled': 0,
      'up1.cpu.throttled_usec': 0,
      'own.memory.current_bytes': 1_048_576,
      'own.memory.max': 3,
      'own.memory.oom_kill': 2,
    })
  })

  test('stand beside a tree of version 2 that has no controllers, and beside one that has others', () => {
    const hybrid = { ...limited, 'unified/api/cgroup.procs': '7\n', 'unified/api/memory.pressure': '' }
    const seen = read(hybrid, { mounts: [CPU, MEMORY, UNIFIED], places, v2: '/api' })
    expect(seen).toMatchObject({ 'own.cpu.throttled_usec': 8_870_000, 'own.memory.oom_kill': 2 })
    const mixed = { ...limited, 'unified/api/io.pressure': 'some avg10=1.00 avg60=0.00 avg300=0.00 total=77\n' }
    expect(read(mixed, { mounts: [CPU, UNIFIED], places, v2: '/api' })).toMatchObject({
      'own.cpu.throttled_usec': 8_870_000,
      'own.io.some_us': 77,
    })
  })

  test('of a container are those that are mounted in it, the topmost with its limits', () => {
    const files = {
      'cpu/cpu.stat': 'nr_throttled 7\n',
      'cpu/cpu.cfs_quota_us': '150000\n',
      'cpu/cpu.cfs_period_us': '100000\n',
    }
    const mounts = ['/docker/abc ROOT/cpu ro - cgroup cgroup rw,cpu,cpuacct']
    expect(read(files, { mounts, places: '2:cpu,cpuacct:/docker/abc\n' })).toEqual({
      'own.cpu.nr_throttled': 7,
      'own.cpu.limit_cpus': 1.5,
    })
    // Another container's: where it is cannot be seen from here.
    expect(read(files, { mounts, places: '2:cpu,cpuacct:/docker/xyz\n' })).toMatchObject({
      missing: expect.any(String),
    })
  })

  test('that limit nothing are nothing, and those that are not mounted unknown', () => {
    expect(read({}, { mounts: [CPU, MEMORY], places: '2:cpu,cpuacct:/\n4:memory:/\n' })).toEqual({
      missing: 'the target is in the root of its cgroups: nothing there limits it',
      isNothing: true,
    })
    expect(read({}, { mounts: [], places })).toEqual({
      missing: 'no cgroup of the target is mounted here: whether it is throttled is unknown',
    })
  })

  test('are found whatever they are mounted as, each controller once', () => {
    const mountinfo = [
      '31 25 0:31 / /cg/cpu\\040set rw shared:1 master:2 - cgroup none rw,cpuacct,cpu',
      '32 25 0:31 / /cg/again rw - cgroup none rw,cpuacct,cpu',
      '33 25 0:33 / /proc rw - proc proc rw',
      'damaged',
    ].join('\n')
    expect(parseHierarchies(mountinfo)).toEqual([{ controllers: ['cpuacct', 'cpu'], mount: '/cg/cpu set', root: '/' }])
  })

  test('have places with colons, and one of version 2 among them that is none', () => {
    expect([...parsePlaces('12:cpu,cpuacct:/a:b\n1:name=systemd:/s\n0::/u\n\n')]).toEqual([
      ['cpu', '/a:b'],
      ['cpuacct', '/a:b'],
      ['name=systemd', '/s'],
    ])
  })

  test('outside of what is mounted have no directory', () => {
    const tree = { controllers: ['cpu'], mount: '/cg', root: '/' }
    expect(lineageIn(tree, '/a/b')).toEqual(['/cg/a/b', '/cg/a'])
    expect(lineageIn(tree, '/')).toEqual([])
    expect(lineageIn(tree, '/../../other')).toEqual([])
    expect(lineageIn({ ...tree, root: '/ab' }, '/abc')).toEqual([])
  })

  test('tell nothing in texts that are damaged', () => {
    expect([parseThrottling(''), parseThrottling('throttled_time x'), parseOomControl('under_oom 0')]).toEqual([
      null,
      null,
      null,
    ])
  })
})
