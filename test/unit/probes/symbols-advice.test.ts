import { describe, expect, onTestFinished, test } from 'vitest'
import { createModules } from '../../../probes/symbols/modules.ts'
import { adviceText, adviseNaming, type NamingFacts } from '../../../probes/symbols/naming-advice.ts'
import { readNamingFacts, runtimeOf } from '../../../probes/symbols/naming-facts.ts'
import { adviseTarget } from '../../../probes/symbols/reader.ts'
import { compile, lacking, run } from './programs.ts'

const sound: NamingFacts = {
  pid: 7,
  program: 'server',
  arguments: ['server'],
  runtime: { kind: 'native' },
  hasPerfMap: false,
  hasSymbolTable: true,
  needsXz: false,
  isStatic: false,
  framedShare: 0.9,
  framelessLibraries: [],
}
const python = (major: number, minor: number): NamingFacts['runtime'] => ({ kind: 'python', version: [major, minor] })
const flags = {
  node: ['node', '--perf-basic-prof-only-functions', '--interpreted-frames-native-stack', 'server.js'],
  java: ['java', '-XX:+PreserveFramePointer', '-jar', 'server.jar'],
}

describe('what will be missing from stacks', () => {
  test.each<[string, Partial<NamingFacts>, string[]]>([
    ['a program with symbols and frame pointers', {}, []],
    ['node as it is usually started', { runtime: { kind: 'node' }, arguments: ['node', 'a.js'] }, ['node-perf-map']],
    ['node with both flags', { runtime: { kind: 'node' }, arguments: flags.node, hasPerfMap: true }, []],
    [
      'node with a perf map only',
      { runtime: { kind: 'node' }, arguments: ['node', '--perf-basic-prof', 'a.js'], hasPerfMap: true },
      ['node-interpreted'],
    ],
    [
      'node with V8’s other spelling',
      { runtime: { kind: 'node' }, arguments: ['node', '--interpreted_frames_native_stack'], hasPerfMap: true },
      [],
    ],
    ['node whose arguments are unknown', { runtime: { kind: 'node' }, arguments: null, hasPerfMap: true }, []],
    [
      'java as it is usually started',
      { runtime: { kind: 'java' }, arguments: ['java', '-jar', 'a.jar'] },
      ['java-frame-pointer', 'java-perf-map'],
    ],
    ['java with frame pointers', { runtime: { kind: 'java' }, arguments: flags.java }, ['java-perf-map']],
    ['java with both', { runtime: { kind: 'java' }, arguments: flags.java, hasPerfMap: true }, []],
    ['an old python', { runtime: python(3, 11) }, ['python-version']],
    ['an old python, whatever it is told', { runtime: python(3, 9), hasPerfMap: true }, ['python-version']],
    ['a new python', { runtime: python(3, 12) }, ['python-perf']],
    ['a new python that was told', { runtime: python(3, 13), hasPerfMap: true }, []],
    [
      'a new python that was told, built without frame pointers',
      { runtime: python(3, 13), hasPerfMap: true, framelessLibraries: ['libpython3.13.so.1.0'] },
      ['python-frame-pointer', 'libraries'],
    ],
    ['a python of unknown version', { runtime: { kind: 'python', version: null } }, []],
    ['.NET', { runtime: { kind: 'dotnet' } }, ['dotnet-perf-map']],
    ['go', { runtime: { kind: 'go' }, framedShare: null }, []],
    ['go without symbols', { runtime: { kind: 'go' }, hasSymbolTable: false }, ['stripped']],
    ['a stripped program', { hasSymbolTable: false }, ['stripped']],
    ['a stripped program with a table to unpack', { hasSymbolTable: false, needsXz: true }, ['xz']],
    ['no frame pointers', { framedShare: 0.05 }, ['frame-pointers']],
    ['a static program with frame pointers', { isStatic: true, framedShare: 1 }, ['static']],
    ['a static program without', { isStatic: true, framedShare: 0 }, ['frame-pointers']],
    ['a static program of which nothing is known', { isStatic: true, framedShare: null }, []],
    ['nothing known', { arguments: null, hasSymbolTable: null, framedShare: null }, []],
    ['libraries without frame pointers', { framelessLibraries: ['libc.so.6'] }, ['libraries']],
  ])('%s', (_, facts, expected) => {
    expect(adviseNaming({ ...sound, ...facts }).map(({ id }) => id)).toEqual(expected)
  })

  test('is said with the program, the reason and the flag that fixes it', () => {
    const [advice] = adviseNaming({ ...sound, program: 'node', runtime: { kind: 'node' }, arguments: ['node'] })
    expect(advice && adviceText(advice)).toMatch(
      /^node \(7\): .*no perf map: start node with --perf-basic-prof-only-func/,
    )
  })

  test('of a JVM names the command with its number', () => {
    const advice = adviseNaming({ ...sound, program: 'java', runtime: { kind: 'java' }, arguments: ['java'] })
    expect(advice.map(({ fix }) => fix)).toEqual([
      expect.stringContaining('-XX:+PreserveFramePointer'),
      expect.stringContaining('jcmd 7 Compiler.perfmap'),
    ])
  })

  test('of many libraries names some', () => {
    const [advice] = adviseNaming({ ...sound, framelessLibraries: ['a', 'b', 'c', 'd', 'e', 'f'] })
    expect(advice?.text).toContain('a, b, c, d and 2 more')
  })
})

test.each<[string, string[], boolean, NamingFacts['runtime']]>([
  ['node', ['/usr/bin/node', '/lib/libc.so.6'], false, { kind: 'node' }],
  ['node as Debian builds it', ['/usr/bin/nodejs', '/usr/lib/libnode.so.108'], false, { kind: 'node' }],
  ['java', ['/usr/bin/java', '/usr/lib/jvm/lib/server/libjvm.so'], false, { kind: 'java' }],
  ['a program with java in it', ['/opt/app', '/usr/lib/jvm/lib/server/libjvm.so'], false, { kind: 'java' }],
  ['python', ['/usr/bin/python3.11', '/lib/libc.so.6'], false, python(3, 11)],
  ['python by its library', ['/usr/bin/uwsgi', '/usr/lib/libpython3.12.so.1.0'], false, python(3, 12)],
  ['python, nobody knows which', ['/usr/bin/python3'], false, { kind: 'python', version: null }],
  ['.NET', ['/srv/app', '/usr/share/dotnet/libcoreclr.so'], false, { kind: 'dotnet' }],
  ['go', ['/srv/app'], true, { kind: 'go' }],
  ['anything else', ['/srv/nodes', '/lib/libc.so.6'], false, { kind: 'native' }],
])('a runtime is known by its files: %s', (_, paths, isGo, expected) => {
  expect(runtimeOf(paths, { isGo })).toEqual(expected)
})

test('this very program is told what it lacks', async () => {
  const advice = await adviseTarget([process.pid])
  expect(advice.map(({ id }) => id)).toContain('node-perf-map')
})

test('of a process that is gone nothing is said', async () => {
  expect(await adviseTarget([2 ** 22 + 1])).toEqual([])
})

const lacks = lacking('gcc', 'strip')
test.skipIf(lacks !== null)(
  `the facts of a C program are read from its file${lacks ? ` [skipped: ${lacks}]` : ''}`,
  async () => {
    const source = `#include <stdio.h>
int main(void) { puts("main 0"); fflush(stdout); getchar(); return 0; }`
    const read = async (...options: string[]) => {
      const modules = createModules()
      onTestFinished(modules.close)
      return readNamingFacts((await run(compile(source, options))).pid, { modules, hasXz: true })
    }
    expect(await read()).toMatchObject({ program: 'program', runtime: { kind: 'native' }, hasSymbolTable: true })
    expect(await read('-s')).toMatchObject({ hasSymbolTable: false, needsXz: false })
    // The C library in it has no frame pointers; whether the program has some is what its own functions say.
    const framed = ['-fno-omit-frame-pointer', '-fomit-frame-pointer']
    for (const [i, flag] of framed.entries())
      for (const kind of ['-static', '-static-pie'])
        expect(await read(flag, kind), `${flag} ${kind}`).toMatchObject({ isStatic: true, framedShare: 1 - i })
  },
)
