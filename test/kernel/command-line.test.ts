import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, type onTestFinished, test } from 'vitest'
import { freshDirectory, probe, startAttach } from './attach.ts'
import { eventually } from './lines.ts'
import { kernelSuite } from './requirements.ts'
import { startWorkload } from './workload.ts'

const LAUNCHER = join(import.meta.dirname, '../../cli/bin.sh')

/** this very process: it is there, and nothing is attached to it before the error */
const me = String(process.pid)

const samples = join(import.meta.dirname, '../../fixtures/samples')

/** A directory with the files that the commands below are given. */
function stage(onFinished?: typeof onTestFinished): string {
  const directory = freshDirectory(onFinished)
  const write = (name: string, content: string | Buffer) => writeFileSync(join(directory, name), content)
  write('some.folded', 'main;read 3\n')
  write('garbage.txt', 'neither this\nnor that\n')
  write('garbage.gz', 'no gzip\n')
  write('empty', '')
  write('more.folded', 'main;read 300\nmain;write 4\n')
  write('cut.pb.gz', readFileSync(join(samples, 'pprof/cpu.pb.gz')).subarray(0, 300))
  write('perf.data', 'PERFILE2')
  write('x.speedscope.json', '{"$schema":"https://www.speedscope.app/file-format-schema.json"}')
  write('foreign.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>\n')
  symlinkSync('nowhere', join(directory, 'link'))
  mkdirSync(join(directory, 'folder'))
  return directory
}

describe('what is asked for wrongly is answered in one line, with a fix, and no run begins', () => {
  const rows: [asked: string, code: number, said: RegExp][] = [
    ['atach', 2, /no command "atach"\n {2}fix: probe attach /],
    ['list syscalls', 2, /list takes no argument, got "syscalls"/],
    ['audit', 2, /no plan given/],
    ['audit --demo plan.yaml', 2, /the demo has a plan of its own/],
    ['audit plan.yaml', 2, /cannot read the plan plan\.yaml: no such file/],
    ['audit garbage.txt', 2, /garbage\.txt: expected a plan/],
    ['audit init', 2, /Missing 1 required arg: url/],
    ['mark', 2, /Missing 1 required arg: label/],
    ['mark stress', 4, /no attach or audit of yours is running/],
    ['attach', 2, /no target given\n {2}fix: .*--pid.*--comm.*--port.*--cgroup/],
    [`attach --pid ${me} --port 80`, 2, /more than one way to choose the target/],
    [`attach syscals --pid ${me}`, 2, /no probe is called "syscals": .*\n {2}fix: syscalls instead of syscals/],
    [`attach zzz --pid ${me}`, 2, /no probe is called "zzz": .*\n {2}fix: probe list/],
    [`attach --pid ${me} --duration soon`, 2, /--duration: expected a duration like .*, got "soon"/],
    [`attach --pid ${me} --duration 9999h`, 2, /--duration: expected at most/],
    [`attach --pid ${me} --interval 1ms`, 2, /--interval: expected at least/],
    ['attach --pid me', 2, /--pid: expected an integer/],
    ['attach --pid 0', 2, /--pid: expected an integer greater/],
    ['attach --nope', 2, /Nonexistent flag: --nope\n {2}fix: probe attach --help/],
    ['attach --port 1', 4, /no process listens on TCP port 1/],
    ['attach --comm nobody-is-called-so', 4, /no process is named/],
    ['attach --cgroup /none/such', 4, /no cgroup/],
    [`attach --pid ${me} --record some.folded`, 2, /some\.folded: it exists already/],
    [`attach --pid ${me} --record link`, 2, /link: it exists already/],
    [`attach --pid ${me} --record none/such`, 2, /none\/such: no such file or directory/],
    [`script --pid ${me} --bpftrace new`, 2, /expected a version like/],
    [`script --pid ${me} --bpftrace 1e3.5`, 2, /expected a version like/],
    [`script --pid ${me} --bpftrace -1.2`, 2, /expected a version like/],
    [`script --pid ${me} --bpftrace 0.17;x`, 2, /expected a version like/],
    [`script --pid ${me} --bpftrace 0.17.0.1`, 2, /expected a version like/],
    [`script syscalls --pid ${me} --variant none`, 2, /no variant "none"/],
    ['replay none.ndjson', 2, /none\.ndjson: no such file/],
    ['replay folder', 2, /folder is a directory/],
    ['replay garbage.txt', 2, /garbage\.txt is not a recording/],
    ['replay garbage.gz', 2, /garbage\.gz is not a recording/],
    ['replay empty', 2, /empty is not a recording/],
    ['flame none', 2, /none: no such file/],
    ['flame folder', 2, /folder is a directory/],
    ['flame garbage.txt', 2, /garbage\.txt.*folded/],
    ['flame empty', 2, /empty.*folded/],
    ['flame foreign.svg', 2, /foreign\.svg.*carries no profile/],
    ['flame some.folded --phase stress', 2, /--phase chooses from a recording/],
    ['flame some.folded --phase a --diff a..b', 2, /--diff=a\.\.b cannot also be provided/],
    ['flame some.folded --value cpu', 2, /--value chooses from a pprof profile/],
    ['flame some.folded --diff a..b -o x.pb.gz', 2, /some\.folded has no phases/],
    ['flame some.folded --format perf-script', 2, /--format.*perf-script/],
    ['flame cut.pb.gz', 2, /cut\.pb\.gz: no whole pprof profile/],
    ['flame perf.data', 2, /perf\.data is what perf records.*\n {2}fix: perf script -i perf\.data/],
    ['flame x.speedscope.json', 2, /x\.speedscope\.json is a speedscope file, which is written but not read/],
    ['diff some.folded', 2, /Missing 1 required arg: candidate/],
    ['diff some.folded a..b', 2, /some\.folded has no phases/],
    ['diff some.folded none', 2, /none: no such file/],
    ['diff some.folded more.folded --limit 0', 2, /--limit/],
    ['diff some.folded more.folded --unit ns --value x', 2, /--value chooses/],
    ['flame some.folded -o none/such.svg', 2, /none\/such\.svg: no such file or directory/],
    ['flame some.folded -o folder', 2, /folder: it is a directory/],
  ]
  test.concurrent.for(rows)('probe %s: exit %i', async ([asked, code, said], { onTestFinished }) => {
    const answer = await probe(asked.split(' '), { directory: stage(onTestFinished) })
    const { stderr } = answer
    expect(stderr).toMatch(said)
    expect(stderr).toMatch(/^(attaching to [^\n]+\n)?error: [^\n]+\n {2}.*fix: \S.* {3}\(exit \d+\)\n$/)
    expect(answer).toMatchObject({ code, stdout: '' })
  })

  test('with --json the error is on stdout too, as one object', async () => {
    const answer = await probe(['attach', '--json', '--pid', 'me'])
    expect(JSON.parse(answer.stdout)).toEqual({
      error: expect.objectContaining({ code: 'usage', exitCode: 2, fix: 'probe attach --help' }),
    })
  })
})

describe('what is asked for rightly', () => {
  test('list: every variant, with the reason where it is refused', async () => {
    const [text, json] = await Promise.all([probe(['list']), probe(['list', '--json'])])
    const { probes } = JSON.parse(json.stdout) as {
      probes: { name: string; variants: { name: string; support: { kind: string; reason?: string } }[] }[]
    }
    expect(probes.length).toBeGreaterThanOrEqual(5)
    const unbroken = text.stdout.replace(/\s+/g, ' ')
    for (const { name, variants } of probes) {
      expect(unbroken).toContain(name)
      for (const variant of variants)
        if (variant.support.kind === 'no')
          expect(unbroken).toContain(`not by ${variant.name}: ${variant.support.reason}`)
    }
  })

  test('script: the text, and the same text in the JSON', async () => {
    const [text, json] = await Promise.all([
      probe(['script', 'syscalls', '--pid', me]),
      probe(['script', 'syscalls', '--pid', me, '--json']),
    ])
    expect(text.stdout).toContain(`/pid == ${me}`)
    expect(JSON.parse(json.stdout)).toMatchObject({ script: text.stdout, probes: [{ name: 'syscalls' }] })
  })

  test('flame: folded stacks to an SVG on stdout, and that SVG to the same SVG', async () => {
    const directory = stage()
    const drawn = await probe(['flame', 'some.folded'], { directory })
    expect(drawn.stdout).toContain('</svg>')
    writeFileSync(join(directory, 'drawn.svg'), drawn.stdout)
    expect((await probe(['flame', 'drawn.svg'], { directory })).stdout).toBe(drawn.stdout)
  })

  test('flame: through the formats of other tools and back, nothing is lost', async () => {
    const directory = stage()
    const path = join(samples, 'perf/pools.perf')
    const folded = (file: string) => probe(['flame', file, '--format', 'folded', '--phase', 'cpu-clock'], { directory })
    const first = await folded(path)
    expect(first.stdout).toMatch(/^pool 2;start_thread;work;descend;descend;descend;parse \d+$/m)
    expect(await probe(['flame', path, '-o', 'x.pb.gz'], { directory })).toMatchObject({ code: 0, stderr: 'x.pb.gz\n' })
    expect((await folded('x.pb.gz')).stdout).toBe(first.stdout)
    expect((await probe(['flame', 'x.pb.gz', '-o', 'x.svg'], { directory })).code).toBe(0)
    expect((await folded('x.svg')).stdout).toBe(first.stdout)
    const scope = await probe(['flame', 'x.svg', '--format', 'speedscope'], { directory })
    expect(JSON.parse(scope.stdout)).toMatchObject({ profiles: [{ name: 'page-faults' }, { name: 'cpu-clock' }] })
  })

  test('flame: reversed, and with recursion collapsed', async () => {
    const directory = stage()
    writeFileSync(join(directory, 'r.folded'), 'main;f;f;g 5\n')
    const args = ['flame', 'r.folded', '--format', 'folded']
    expect((await probe([...args, '--reverse'], { directory })).stdout).toBe('g;f;f;main 5\n')
    expect((await probe([...args, '--collapse-recursion'], { directory })).stdout).toBe('main;f;g 5\n')
  })

  test('diff: what changed between two files as text, as JSON, and as a picture', async () => {
    const directory = stage()
    const args = ['diff', 'some.folded', 'more.folded', '--unit', 'samples']
    const text = await probe([...args, '-o', 'd.svg'], { directory })
    expect(text).toMatchObject({ code: 0, stderr: 'd.svg\n' })
    expect(text.stdout).toMatch(/^more\.folded against some\.folded, shares of each total: 0 of 3 functions/)
    expect(text.stdout).toMatch(/^~ .* new .* write < main$/m)
    expect(readFileSync(join(directory, 'd.svg'), 'utf8')).toContain('some.folded')
    const { stdout } = await probe([...args, '--json'], { directory })
    expect(JSON.parse(stdout)).toMatchObject({
      base: 'some.folded',
      per: null,
      by_self: [{ name: 'read' }, { name: 'write', path: ['main', 'write'], self: { base: 0, significant: false } }],
    })
  })

  test('diff: two phases of one file', async () => {
    const directory = stage()
    const perf = join(samples, 'perf/pools.perf')
    await probe(['flame', perf, '-o', 'x.svg'], { directory })
    const { stdout } = await probe(['diff', 'x.svg', 'page-faults..cpu-clock', '--json'], { directory })
    expect(JSON.parse(stdout)).toMatchObject({ base: 'page-faults', candidate: 'cpu-clock', unit: 'samples' })
  })
})

test('-o takes what the shell hands over', () => {
  const directory = freshDirectory()
  writeFileSync(join(directory, 'some.folded'), 'a;b 5\n')
  const flame = (rest: string) =>
    spawnSync('bash', ['-c', `sh "$0" flame some.folded --format folded ${rest}`, LAUNCHER], {
      cwd: directory,
      encoding: 'utf8',
    }).stdout
  expect(flame('-o -')).toBe('a;b 5\n')
  expect(flame('-o >(cat) | cat')).toBe('a;b 5\n')
  expect(flame('-o /dev/fd/7 7>out; cat out')).toBe('a;b 5\n')
  expect(readdirSync(directory).sort()).toEqual(['out', 'some.folded'])
})

test.each([
  ['list', '/dev/full'],
  ['doctor --json', '/dev/full'],
])('%s into a full output ends with exit 3, and is no defect', (words, output) => {
  const { status, stderr } = spawnSync('sh', ['-c', `sh "$0" ${words} > ${output}`, LAUNCHER], { encoding: 'utf8' })
  expect(stderr).toMatch(/^error: cannot write the output: no space left on the device\n/)
  expect(status).toBe(3)
})

test.for([{ HOME: '/tmp' }, {}])(
  'a user without an entry in /etc/passwd and without SHELL is served: %o',
  (env, { skip }) => {
    skip(process.getuid?.() !== 0, 'needs root')
    const asStranger = (...command: string[]) =>
      spawnSync('setpriv', ['--reuid', '4242', '--regid', '4242', '--clear-groups', '--', ...command], {
        encoding: 'utf8',
      })
    skip(asStranger('test', '-r', LAUNCHER).status !== 0, 'the checkout cannot be read by others')
    const words = Object.entries({ PATH: '/usr/bin:/bin', ...env }).map(([key, value]) => `${key}=${value}`)
    const { status, stdout, stderr } = asStranger('env', '-i', ...words, 'sh', LAUNCHER, '--version')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^probe\/\d/)
  },
)

kernelSuite('scripts and attaches as a person uses them', () => {
  test('a printed script runs by hand: a window a second, with the calls of the program in it', async () => {
    const target = await startWorkload('phases')
    target.say('getppid')
    const { stdout: script } = await probe(['script', 'syscalls', '--pid', String(target.pid)])
    const file = join(freshDirectory(), 's.bt')
    writeFileSync(file, script)
    const output = execFileSync(
      'timeout',
      ['--preserve-status', '--signal=INT', '4', 'bpftrace', '--no-warnings', file],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    const windows = output.split(/^CUT \d+$/m).slice(1)
    expect(windows.length).toBeGreaterThanOrEqual(2)
    expect(windows[1]).toMatch(/^@syscall_latency_[ab]\[110, \d+\]: \d+$/m) // 110: getppid
    expect(windows[1]).toMatch(/^FIN \d+$/m)
  })

  test('in a pipe, attach ends with the text summary', async () => {
    const target = await startWorkload('phases')
    const ended = await probe(['attach', 'syscalls', '--pid', String(target.pid), '--duration', '1s'])
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stdout).toMatch(/^phases\[\d+\].*\nsyscalls {2}/)
    expect(ended.stdout).toMatch(/^recording {2,}probe-.*\.ndjson/m)
  })

  test('Ctrl-C while it attaches: exit 130, and no empty recording stays behind', async () => {
    const target = await startWorkload('phases')
    const directory = freshDirectory()
    const file = join(directory, 'run.ndjson')
    const attaching = startAttach(['--pid', String(target.pid), '--record', file], { directory })
    await eventually(
      'the recording is created',
      () => execFileSync('ls', [directory], { encoding: 'utf8' }) !== '',
      10_000,
    )
    const { code, stderr } = await attaching.stop()
    expect(stderr).toMatch(/^error: interrupted while attaching: nothing was recorded {3}\(exit 130\)$/m)
    expect(code).toBe(130)
    // The folder of sockets and working files is in it, since it is XDG_RUNTIME_DIR as well.
    expect(execFileSync('find', ['.', '-mindepth', '1'], { cwd: directory, encoding: 'utf8' })).toBe('./probe\n')
  })
})
