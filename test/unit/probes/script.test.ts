import { describe, expect, test } from 'vitest'
import { compareVersions } from '../../../probes/host/kernel-facts.ts'
import type { Target } from '../../../probes/host/target.ts'
import { dialectOf, type Version } from '../../../probes/script/dialect.ts'
import { int, nsecs, read, tid, u64, ustack } from '../../../probes/script/expr.ts'
import type { FrameKind } from '../../../probes/script/frame.ts'
import { addTo, countIn, resultMap, type ScratchMap, stateMap } from '../../../probes/script/maps.ts'
import { at, bind, forget, type Handler, on, record, set } from '../../../probes/script/parts.ts'
import { buildProgram, tracepointsOf } from '../../../probes/script/program.ts'
import { everyProbe, everyVariant, everyVersion, RECORDER, script, targets, versions } from './scripts.ts'

const variants = await everyVariant()
const together = await everyProbe()
const written = (version: Version) => version.join('.')

/** Every script there can be: each variant alone and all probes together, for each target, version and frame. */
const frames: readonly FrameKind[] = [{ kind: 'cuts', recorderPid: RECORDER }, { kind: 'ticks' }]
const chosen = [...variants.map((one) => [one]), together]
interface Written {
  name: string
  version: Version
  frame: FrameKind
  text: string
  code: string
}
const all: Written[] = []
for (const probes of chosen)
  for (const [targetName, target] of Object.entries(targets))
    for (const frame of frames) {
      const what = probes.map(({ probe, variant }) => `${probe}/${variant}`).join('+')
      const texts = await Promise.all(
        everyVersion.map(async (version) => (await script(probes, { version, target: target(), frame })).text),
      )
      for (const [i, version] of everyVersion.entries()) {
        const text = texts[i] ?? ''
        // Of versions in a row that are given the same text the first and the last stand for all.
        if (text === texts[i - 1] && text === texts[i + 1]) continue
        const name = `${what} of ${targetName} for ${written(version)} by ${frame.kind}`
        all.push({ name, version, frame, text, code: withoutComments(text) })
      }
    }

function withoutComments(text: string): string {
  return text.replace(/^\s*\/\/.*$/gm, '')
}
/** The programs of a script: attach points and predicate, and body. */
const programs = (code: string) =>
  [...code.matchAll(/^(?!\s)([^{}]*?)\{\n(.*?)^\}/gms)].map(([, head = '', body = '']) => ({ head: head.trim(), body }))

/** An assignment to a map, at the beginning of a statement. */
const WRITE = /(?<=^\s*|[;{]\s*)(@\w+)(?:\[[^;]*?\])? = /gm

/** What only later versions have; no `since`: what none may use. Measured on 0.17, 0.23, 0.27, or read in the change log. */
const constructs: readonly { what: string; pattern: RegExp; since: Version | null }[] = [
  { what: 'stacks of addresses', pattern: /[ku]stack\(raw/, since: [0, 18, 0] },
  { what: 'args.x', pattern: /args\.\w/, since: [0, 19, 0] },
  { what: 'a clock that is named', pattern: /nsecs\(/, since: [0, 19, 0] },
  { what: 'config', pattern: /\bconfig\b/, since: [0, 20, 0] },
  { what: 'hist with finer buckets', pattern: /\bhist\s*\([^)]*,/, since: [0, 20, 0] },
  { what: 'fentry and fexit', pattern: /^f(?:entry|exit):/m, since: [0, 20, 0] },
  { what: 'for', pattern: /\bfor\s*\(/, since: [0, 21, 0] },
  { what: 'one entry printed', pattern: /print\(@\w+\[/, since: [0, 21, 0] },
  { what: 'a code to exit with', pattern: /exit\([^)]/, since: [0, 21, 0] },
  { what: 'let', pattern: /\blet\b/, since: [0, 22, 0] },
  { what: 'a tuple as key', pattern: /@\w+\[\(\w+, /, since: [0, 22, 0] },
  { what: 'has_key', pattern: /\bhas_key\b/, since: [0, 22, 0] },
  { what: 'delete with a key of its own', pattern: /delete\(@\w+, /, since: [0, 22, 0] },
  { what: 'begin and end in lower case', pattern: /^(?:begin|end)\b/m, since: [0, 24, 0] },
  { what: 'pid of a namespace', pattern: /\b[pt]id\(/, since: [0, 24, 0] },
  { what: 'the deprecated while', pattern: /\bwhile\b/, since: null },
  { what: 'the coarse hist and lhist', pattern: /\bl?hist\s*\(/, since: null },
  // 0.23.2 ends by a signal in its compiler.
  { what: 'a choice that reads a map', pattern: /\?[^;\n]*@|@[^;\n]*\?/, since: null },
  // Printed as true, 1 or -1.
  { what: 'a comparison as a key', pattern: /@\w+\[[^\]]*(?:==|!=|<|>)[^\]]*\]/, since: null },
]

/** Asserts for every script, naming the one that fails. */
const each = (check: (one: (typeof all)[number]) => void) => () => {
  expect(all.length).toBeGreaterThan(100)
  for (const one of all) check(one)
}

describe('the script of', () => {
  const cases = variants.flatMap((one) =>
    versions.map((version) => ({ ...one, version: written(version), as: version })),
  )
  test.each(cases)('$probe/$variant for bpftrace $version is as read and approved', async ({ probe, variant, as }) => {
    const { text } = await script([{ probe, variant }], { version: as })
    const name = `${probe}-${variant}-${as[0]}.${as[1]}.bt`
    await expect(text).toMatchFileSnapshot(`golden/${name}`)
  })

  test.each(Object.keys(targets))('a small probe on %s is as read and approved', async (name) => {
    const target = targets[name]?.()
    // The inode of our own namespace is another on every host; the script compares a pointer there.
    const { text } = await script([{ probe: 'retransmits', variant: 'tracepoint' }], target ? { target } : {})
    await expect(text).toMatchFileSnapshot(`golden/target-${name.replaceAll(' ', '-')}.bt`)
  })
})

describe('every script', () => {
  test('is the same each time it is written', async () => {
    for (const version of versions) {
      const [a, b] = [await script(together, { version }), await script(together, { version })]
      expect(a.text).toBe(b.text)
      expect(a.sha256).toBe(b.sha256)
    }
  })

  test(
    'asks for nothing unsafe: no shell, no header, no signal, no write into another process',
    each(({ text, name }) => {
      expect(text, name).not.toMatch(
        /--unsafe|\bsystem\s*\(|#include|\bsignal\s*\(|\boverride\s*\(|\bcat\s*\(|\bstrcontains\b/,
      )
    }),
  )

  test(
    'keeps to what its version has',
    each(({ code, name, version }) => {
      for (const { what, pattern, since } of constructs)
        if (since === null || compareVersions(version, since) < 0) expect(code, `${name}: ${what}`).not.toMatch(pattern)
    }),
  )

  test(
    'reads no map above its first assignment',
    each(({ code, name }) => {
      const assigned = new Set<string>()
      for (const statement of code.split(/[;{}]/)) {
        const map = /^\s*(@\w+)(?:\[.*\])? = /.exec(statement)?.[1]
        const mentioned = [...statement.matchAll(/@\w+/g)].map(([found]) => found)
        // Its key and its value are read before it is assigned.
        for (const read of map ? mentioned.slice(1) : mentioned) expect(assigned, `${name}: ${read}`).toContain(read)
        if (map) assigned.add(map)
      }
    }),
  )

  test(
    'never prints 32 bits of a number',
    each(({ code, name }) => {
      for (const [, format = ''] of code.matchAll(/printf\("([^"]*)"/g)) expect(format, name).not.toMatch(/%(?!llu)/)
    }),
  )

  test(
    'subtracts times unsigned',
    each(({ code, name }) => {
      for (const [found] of code.matchAll(/\S*\(nsecs - \$\w+\)/g)) expect(found, name).toMatch(/^\(?\(uint64\)\(nsecs/)
    }),
  )

  test(
    'reads each argument of a tracepoint once, in a program that is attached to it',
    each(({ code, name }) => {
      for (const { head, body } of programs(code)) {
        expect(head, name).not.toContain('args->')
        // An address for ntop() is an array, which no variable can hold.
        const reads = [...body.matchAll(/(?<!ntop\()args->(\w+)/g)].map(([, field]) => field)
        expect(new Set(reads).size, `${name}: ${head}`).toBe(reads.length)
      }
    }),
  )

  test(
    'writes every map it prints or clears, and clears every map it writes',
    each(({ code, name }) => {
      const found = (pattern: RegExp) => new Set([...code.matchAll(pattern)].map(([, map]) => map ?? ''))
      const writes = found(WRITE)
      for (const shown of found(/(?:print|clear)\((@\w+)\)/g)) expect(writes, `${name}: ${shown}`).toContain(shown)
      // One without is listed by bpftrace when it ends, after the last window.
      if (code.includes('sys_enter_getpriority'))
        for (const map of writes) expect(found(/clear\((@\w+)\)/g), `${name}: ${map}`).toContain(map)
    }),
  )

  test(
    'reads no map that nobody writes',
    each(({ code, name }) => {
      const names = new Set([...code.matchAll(/@\w+/g)].map(([map]) => map))
      const writes = new Set([...code.matchAll(WRITE)].map(([, map]) => map ?? ''))
      expect(
        [...names].filter((map) => !writes.has(map)),
        name,
      ).toEqual([])
    }),
  )

  test(
    'sets each variable before it is read, outside the branch that reads it',
    each(({ code, name }) => {
      for (const { head, body } of programs(code)) {
        const set = new Set<string>()
        const scopes: string[][] = [[]]
        for (const line of body.split('\n')) {
          const assigned = /^\s*(\$\w+) = /.exec(line)?.[1]
          const read = [...line.replace(/^\s*\$\w+ = /, '').matchAll(/\$\w+/g)].map(([variable]) => variable)
          for (const variable of read) expect(set, `${name}: ${head}: ${line}`).toContain(variable)
          if (/^\s*\}/.test(line)) for (const variable of scopes.pop() ?? []) set.delete(variable)
          if (assigned && !set.has(assigned)) {
            set.add(assigned)
            scopes.at(-1)?.push(assigned)
          }
          if (/\{$/.test(line)) scopes.push([])
        }
      }
    }),
  )

  test(
    'deletes nothing while it is being printed where that ends bpftrace (0.17), and only there asks',
    each(({ code, name, version }) => {
      // In BEGIN nothing is printed yet.
      const events = programs(code).filter(({ head }) => head !== 'BEGIN')
      const lines = events.flatMap(({ body }) => body.split('\n'))
      for (const line of lines.filter((text) => text.includes('delete('))) {
        const map = /delete\((@\w+)/.exec(line)?.[1] ?? ''
        const isPrinted = code.includes(`print(${map})`)
        if (version[1] < 18 && isPrinted) expect(line, name).toContain('if ($busy == 0) { delete(')
        if (version[1] >= 18) expect(line, name).not.toContain('busy')
      }
    }),
  )

  test(
    'asks for addresses in stacks where the output keeps them apart (before 0.24)',
    each(({ code, name, version }) => {
      expect(/[ku]stack\(perf\)/.test(code) && version[1] >= 24, name).toBe(false)
      expect(/[ku]stack\b(?!\()/.test(code.replace(/@\w+/g, '')) && version[1] < 24, name).toBe(false)
    }),
  )

  test('for a run asks for addresses of user stacks in every version, and for names of the kernel’s', async () => {
    const stacksOf = async (version: Version, isKnown: boolean) => {
      const { text } = await script([{ probe: 'on-cpu', variant: 'profile' }], { version, isKnown })
      return /\[(kstack\S*), (ustack\S*)\]/.exec(withoutComments(text))?.slice(1)
    }
    expect(await stacksOf([0, 17, 0], true)).toEqual(['kstack(perf)', 'ustack(perf)'])
    expect(await stacksOf([0, 23, 2], true)).toEqual(['kstack(perf)', 'ustack(raw)'])
    expect(await stacksOf([0, 24, 0], true)).toEqual(['kstack', 'ustack(raw)'])
    expect(await stacksOf([0, 27, 1], true)).toEqual(['kstack', 'ustack(raw)'])
    expect(await stacksOf([0, 27, 1], false)).toEqual(['kstack', 'ustack'])
  })

  test(
    'stores no bare number: all values of a map have one type',
    each(({ code, name }) => {
      for (const [, value = ''] of code.matchAll(/@\w+(?:\[[^;]*?\])? = (\d+);/g))
        expect(value, name).toBe('never bare')
    }),
  )
})

describe('a map that the text reads above its first assignment', () => {
  const frame = { kind: 'cuts', recorderPid: RECORDER } as const
  const program = (handlers: readonly Handler[]) =>
    buildProgram([{ name: 'test', parts: { handlers } }], {
      dialect: dialectOf([0, 17, 0]),
      frame,
      limitSeconds: 1,
      mapEntries: 1,
      targets: { handlers: [] },
      layout: null,
    }).text
  const reading = (map: ScratchMap<'int'>) =>
    on('sched:sched_wakeup', 'reads', (args) => ({
      body: bind('x', read(map, u64(args.pid)), (x) => [set(last, [], x)]),
    }))
  const last = stateMap('last', 'int')

  test('is given its type in BEGIN, by an entry that is removed at once', () => {
    const map = stateMap('later', 'int', 'int')
    const writing = on('sched:sched_switch', 'writes', () => ({ body: [set(map, [tid], nsecs)] }))
    expect(program([reading(map), writing])).toContain(
      '  @later[(uint64)0] = (uint64)0;\n  delete(@later[(uint64)0]);\n',
    )
    expect(program([writing, reading(map)])).not.toContain('@later[(uint64)0]')
  })

  test('is given the very kind of stack that it will hold', () => {
    const map = stateMap('later', 'stack', 'int')
    const forgetting = on('sched:sched_wakeup', 'forgets', () => ({ body: [forget(map, tid)] }))
    const writing = on('sched:sched_switch', 'writes', () => ({ body: [set(map, [tid], ustack)] }))
    expect(program([forgetting, writing])).toContain('  @later[(uint64)0] = ustack(perf);\n')
  })

  test.each([
    ['key', stateMap('odd', 'int', 'text'), nsecs],
    ['type', stateMap('odd', 'stack', 'int'), read(stateMap('other', 'stack', 'int'), tid)],
  ] as const)('is named where its %s cannot be told beforehand', (_, map, value) => {
    const forgetting = on('sched:sched_wakeup', 'forgets', () => ({ body: [forget(map, tid)] }))
    const writing = on('sched:sched_switch', 'writes', () => ({ body: [set(map as ScratchMap, [tid], value)] }))
    expect(() => program([forgetting, writing])).toThrow('@odd is read before it is assigned')
  })
})

describe('who is looked at', () => {
  const textFor = async (name: string, probe = 'syscalls') =>
    withoutComments((await script([{ probe, variant: 'tracepoint' }], { target: targets[name]?.() as Target })).text)

  test('one process is compared', async () => {
    const code = await textFor('one process')
    expect(code).toContain('/pid == 4242/')
    expect(code).not.toContain('@target[')
  })

  test('several processes are a map, which those that end leave', async () => {
    const code = await textFor('several processes')
    expect(code).toContain('@target[(uint64)4242] = (uint64)1;')
    expect(code).toContain('@target[(uint64)4243] = (uint64)1;')
    expect(code).toContain('/@target[pid] > 0/')
    expect(code).toContain('tracepoint:sched:sched_process_exit')
  })

  test.each(['one process and its children', 'several processes and their children'])(
    'children join it: %s',
    async (name) => {
      const code = await textFor(name)
      const fork = programs(code).find(({ head }) => head.includes('task:task_newtask'))
      expect(fork?.head).toContain('@target[pid] > 0')
      expect(fork?.body).toMatch(/@target\[\(uint64\)\$arg_pid\] = \(uint64\)1;/)
      expect(code).not.toContain('real_parent')
    },
  )

  test('whoever listens on a port joins it, its children and their connections, and nobody who executes another program', async () => {
    const code = await textFor('a port')
    const on = (event: string) => programs(code).find(({ head }) => head.includes(event))
    expect(on('sock:inet_sock_set_state')?.body).toContain('$arg_sport == 8080')
    expect(on('syscalls:sys_enter_accept4')?.body).toContain('skc_num == 8080')
    expect(on('task:task_newtask')?.head).toContain('@target[pid] > 0')
    expect(on('sched:sched_process_exec')?.body).toContain('delete(@target[pid])')
  })

  test('one that ends is forgotten after what the probes keep of it', async () => {
    const code = await textFor('a port', 'off-cpu')
    const exits = programs(code).filter(({ head }) => head.includes('sched_process_exit'))
    expect(exits.length).toBeGreaterThan(1)
    expect(exits.map(({ body }) => body.includes('delete(@target['))).toEqual([
      ...exits.slice(1).map(() => false),
      true,
    ])
  })

  test('a cgroup and those below it are a map of their numbers', async () => {
    const code = await textFor('a cgroup')
    expect(code).toContain('@target_cgroup[(uint64)777] = (uint64)1;')
    expect(code).toContain('@target_cgroup[(uint64)778] = (uint64)1;')
    expect(code).toContain('/@target_cgroup[cgroup] > 0/')
    expect(code).not.toContain('pid == 4242')
  })

  test('sockets are told apart by their network namespace, where it is known', async () => {
    expect(await textFor('one process', 'retransmits')).toContain('->__sk_common.skc_net.net->ns.inum == 4026500000')
    expect(await textFor('a process of our own network namespace', 'retransmits')).toMatch(/skc_net\.net == @netns/)
    expect(await textFor('a process whose network namespace is unknown', 'retransmits')).not.toMatch(/netns|inum/)
  })

  test('nothing reads the task of the kernel in BEGIN for probes that ask for no namespace', async () => {
    const own = 'a process of our own network namespace'
    expect(await textFor(own, 'retransmits')).toMatch(/@netns = .*nsproxy->net_ns/)
    for (const probe of ['off-cpu', 'syscalls', 'wakeups'])
      expect(await textFor(own, probe), probe).not.toContain('netns')
  })

  test('only the recorder is obeyed', () => {
    for (const { code, frame, name } of all) {
      const obeys = programs(code).filter(({ head }) => head.includes('sys_enter_getpriority'))
      expect(
        obeys.map(({ head }) => head.split('\n')[1]),
        name,
      ).toEqual(frame.kind === 'cuts' ? [`/pid == ${RECORDER}/`] : [])
    }
  })

  test('a kernel whose event does not tell failed resends is not asked for them', async () => {
    const one = [{ probe: 'retransmits', variant: 'tracepoint' }]
    expect((await script(one, { retransmitsTellErrors: true })).text).toContain('args->err')
    expect((await script(one, { retransmitsTellErrors: false })).text).not.toContain('err')
  })
})

describe('several probes in one script', () => {
  const build = (...parts: Parameters<typeof buildProgram>[0][number]['parts'][]) =>
    buildProgram(
      parts.map((one, index) => ({ name: `p${index}`, parts: one })),
      {
        dialect: dialectOf([0, 17, 0]),
        frame: { kind: 'cuts', recorderPid: RECORDER },
        limitSeconds: 1,
        mapEntries: 16,
        targets: { handlers: [] },
        layout: null,
      },
    )
  const handler = (body: Parameters<typeof record>[0]) =>
    on('sched:sched_process_exit', 'x', () => ({ body: [record(body)] }))

  test('have maps of different names', async () => {
    const { results, scratch } = await script(together)
    const printedNames = [...[...results.keys()].flatMap((name) => [`${name}_a`, `${name}_b`]), ...scratch.keys()]
    expect(new Set(printedNames).size).toBe(printedNames.length)
  })

  test('with maps of one name are refused, whoever owns them', () => {
    const [a, b] = [resultMap('n', 'count', 'int'), resultMap('n', 'count', 'int')]
    expect(() => build({ handlers: [handler(countIn(a, tid))] }, { handlers: [handler(countIn(b, tid))] })).toThrow(
      /two maps are called @n \(p0, p1\)/,
    )
  })

  test('may share a map', () => {
    const shared = resultMap('n', 'count', 'int')
    const program = build({ handlers: [handler(countIn(shared, tid))] }, { handlers: [handler(countIn(shared, tid))] })
    expect([...program.results.keys()]).toEqual(['@n'])
  })

  test('know their maps, also those only read in conditions or keys', () => {
    const seen = stateMap('seen', 'int', 'int')
    const sum = resultMap('s', 'sum', 'int')
    const { results, scratch } = build({
      begin: [set(seen, [int(1)], nsecs)],
      handlers: [handler(addTo(sum, [tid], nsecs))],
    })
    expect([...results.keys()]).toEqual(['@s'])
    expect([...scratch.keys()]).toEqual(['@seen'])
  })

  test('attach what samples first: the frame’s answer then proves that all is attached', () => {
    const n = resultMap('n', 'count', 'int')
    const sampling = at({ type: 'profile', hz: 99 }, 'sample', { body: [record(countIn(n, tid))] })
    const { text } = build({ handlers: [handler(countIn(n, tid)), sampling] })
    const order = ['profile:hz:99', 'tracepoint:sched:sched_process_exit', 'sys_enter_getpriority'].map((point) =>
      text.indexOf(point),
    )
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(Math.min(...order)).toBeGreaterThan(0)
  })

  test('are asked of the host with the fields they read', () => {
    const parts = {
      handlers: [
        on('raw_syscalls:sys_exit', 'x', (args) => ({
          body: [record(countIn(resultMap('n', 'count', 'int'), args.id))],
        })),
        on('sched:sched_process_exit', 'y', () => ({ body: [] })),
      ],
    }
    expect(tracepointsOf(parts)).toEqual(
      new Map([
        ['raw_syscalls:sys_exit', new Set(['id'])],
        ['sched:sched_process_exit', new Set()],
      ]),
    )
  })
})
