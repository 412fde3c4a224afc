import { describe, expect, test } from 'vitest'
import { describeFailure, formatFailure, UsageError } from '../../../cli/errors.ts'
import { nearest } from '../../../probes/nearest.ts'

const withFacts = (message: string, facts: object, name = 'Error') => Object.assign(new Error(message), facts, { name })

describe('a failure', () => {
  const rows: [what: string, error: unknown, text: string][] = [
    [
      'of a room keeps its own exit code and fix',
      withFacts('no bpftrace on this host', { code: 'no_bpftrace', exitCode: 3, fix: 'sudo apt-get install bpftrace' }),
      'error: no bpftrace on this host\n  fix: sudo apt-get install bpftrace   (exit 3)\n',
    ],
    [
      'puts the second line of its message before the fix',
      withFacts('no bpftrace on this host\nprobe needs bpftrace >= 0.17 to attach.', {
        exitCode: 3,
        fix: 'install it',
      }),
      'error: no bpftrace on this host\n  probe needs bpftrace >= 0.17 to attach.   fix: install it   (exit 3)\n',
    ],
    [
      'of a missing target is exit code 4',
      withFacts('process 999999 does not exist', { code: 'not_found', fix: 'probe attach --port 8080' }, 'TargetError'),
      'error: process 999999 does not exist\n  fix: probe attach --port 8080   (exit 4)\n',
    ],
    [
      'without a fix is one line',
      new UsageError('plan.yaml:7:13  expected a rate'),
      'error: plan.yaml:7:13  expected a rate   (exit 2)\n',
    ],
    [
      'with several problems in a file has one a line',
      withFacts('plan.yaml:1:7  peak: a\nplan.yaml:2:1  b: c\nand 2 more', { code: 'invalid' }, 'PlanError'),
      'error: plan.yaml:1:7  peak: a\n  plan.yaml:2:1  b: c\n  and 2 more   (exit 2)\n',
    ],
    [
      'of the flag parser is usage, with the way to the help',
      withFacts('Nonexistent flag: --nope\nSee more help with --help', { oclif: { exit: 2 } }),
      'error: Nonexistent flag: --nope\n  fix: probe mark --help   (exit 2)\n',
    ],
    [
      'of a missing argument names it in one line',
      withFacts('Missing 1 required arg:\nlabel  its name\nSee more help with --help', { oclif: { exit: 2 } }),
      'error: Missing 1 required arg: label  its name\n  fix: probe mark --help   (exit 2)\n',
    ],
    [
      'of a missing argument whose description the parser broke is still one line',
      withFacts('Missing 1 required arg:\nlabel  its name; stress, soak are\n       known\nSee more help with --help', {
        oclif: { exit: 2 },
      }),
      'error: Missing 1 required arg: label  its name; stress, soak are known\n  fix: probe mark --help   (exit 2)\n',
    ],
    [
      'of a flag begins with the flag',
      withFacts('Parsing --pid \n\tExpected an integer but received: x\nSee more help with --help', {
        oclif: { exit: 2 },
      }),
      'error: --pid: expected an integer but received: x\n  fix: probe mark --help   (exit 2)\n',
    ],
    [
      'of our own parser of a flag is told the same way',
      new UsageError('Parsing --duration \n\texpected a duration, got "x"\nSee more help with --help'),
      'error: --duration: expected a duration, got "x"\n  fix: probe mark --help   (exit 2)\n',
    ],
    [
      'of a schema names the place',
      withFacts('[...]', { issues: [{ path: ['phases', 1, 'rate'], message: 'expected a rate' }] }, 'ZodError'),
      'error: phases.1.rate: expected a rate   (exit 2)\n',
    ],
    [
      'of the file system names the file',
      withFacts('ENOENT: ...', { code: 'ENOENT', syscall: 'open', path: 'run.ndjson' }),
      'error: cannot open run.ndjson: no such file or directory\n  fix: check the path   (exit 2)\n',
    ],
    [
      'of a full disk, a pipe to it among them, is one of the host',
      withFacts('ENOSPC: ...', { code: 'ENOSPC', syscall: 'write' }),
      'error: cannot write the output: no space left on the device\n  fix: free some space, or choose another place   (exit 3)\n',
    ],
    [
      'for want of descriptors is one of the host, whatever wanted one',
      withFacts('spawn /bin/sh EMFILE', { code: 'EMFILE', syscall: 'spawn /bin/sh' }),
      'error: cannot spawn /bin/sh: too many open files\n  fix: raise the limit: ulimit -n 1024   (exit 3)\n',
    ],
    [
      'of a child process is a defect of ours, whatever its exit code was',
      withFacts('Command failed with exit code 1: ls', { exitCode: 1 }, 'ExecaError'),
      'error: Command failed with exit code 1: ls (a defect of probe)\n  fix: run it again with --debug and report what it prints   (exit 70)\n',
    ],
    [
      'that nobody foresaw is never taken for a failed verdict',
      new TypeError('x is not a function'),
      'error: x is not a function (a defect of probe)\n  fix: run it again with --debug and report what it prints   (exit 70)\n',
    ],
    [
      'that is no error object is shown as text',
      'thrown text',
      'error: thrown text (a defect of probe)\n  fix: run it again with --debug and report what it prints   (exit 70)\n',
    ],
  ]
  test.each(rows)('%s', (_what, error, text) => {
    expect(formatFailure(describeFailure(error, 'mark'))).toBe(text)
  })

  test.each([
    ['TargetError', 'not_found', 4],
    ['TargetError', 'usage', 2],
    ['TargetError', 'no_permission', 3],
    ['TracerError', 'no_bpftrace', 3],
    ['ProfileError', 'not_folded', 2],
  ])('%s %s ends with exit code %i', (name, code, exitCode) => {
    expect(describeFailure(withFacts('x', { code }, name))).toMatchObject({ code, exitCode })
  })

  test('carries no control sequence, bidi mark or line break to the terminal', () => {
    const evil = '"\u001b[31mred\u001b]0;title\u0007\u009b1m\u202eevil\u200b"\rx'
    const hostile = new UsageError(`no command ${evil}`, `one of ${evil}`)
    const safe = String.raw`"\x1b[31mred\x1b]0;title\x07\x9b1m\u202eevil\u200b" x`
    expect(formatFailure(describeFailure(hostile))).toBe(
      `error: no command ${safe}\n  fix: one of ${safe}   (exit 2)\n`,
    )
  })

  test('that is a plain exit says nothing and keeps its code', () => {
    const exit = withFacts('EEXIT: 4', { code: 'EEXIT', oclif: { exit: 4 } })
    expect(describeFailure(exit)).toMatchObject({ quiet: true, exitCode: 4 })
  })
})

test.each([
  ['atach', 'attach'],
  ['mrak', 'mark'],
  ['doc', 'doctor'],
  ['compare', undefined],
])('an unknown command "%s" suggests %s', (typed, meant) => {
  expect(nearest(typed, ['attach', 'audit', 'doctor', 'list', 'mark'])).toBe(meant)
})
