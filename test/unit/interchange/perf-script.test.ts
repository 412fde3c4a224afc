import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readProfile } from '../../../audit/interchange/formats.ts'
import { findPath } from '../../../audit/profile/frame.ts'
import { columnTotals } from '../../../audit/profile/totals.ts'
import { weightsByPath } from '../profile/stacks.ts'
import { fileWith, sample } from './files.ts'

const read = (text: string) => readProfile(fileWith(text), 'perf-script', { unit: 'samples' })
const HEAD = 'nginx 42 7.5: 1 cycles:'

describe('perf script', () => {
  test('a recorded file: threads first, an event each column, the kernel marked', async () => {
    const path = sample('perf/pools.perf')
    const { profile, columns, facts } = await readProfile(path, 'perf-script', { unit: 'samples' })
    const heads = readFileSync(path, 'utf8').match(/^\S.*: $/gm) ?? []
    const headsOf = (event: string): number => heads.filter((head) => head.endsWith(`${event}: `)).length
    expect(columns.map(({ key }) => [key, columnTotals(profile, key)[0]])).toEqual([
      ['page-faults', headsOf('page-faults')],
      ['cpu-clock', headsOf('cpu-clock')],
    ])
    expect(facts).toEqual([`${heads.length} samples of perf`])
    const hot = findPath(profile, ['pool 2', 'start_thread', 'work', 'descend', 'descend', 'descend', 'parse'])
    const cpu = columnTotals(profile, 'cpu-clock')
    expect(cpu[hot ?? -1]).toBeGreaterThan((cpu[0] ?? 0) / 3)
    expect(profile.names.filter((name) => name.endsWith('_[k]'))).toContain('do_syscall_64_[k]')
  })

  test.each([
    ['\t ffffffff8159f74a folio_wake_bit+0x8a ([kernel.kallsyms])', 'folio_wake_bit_[k]'],
    ['\t ffffffffc0a01234 nft_do_chain+0x12 ([nf_tables])', 'nft_do_chain_[k]'],
    [
      '\t 55d0 std::vector<int, std::allocator<int> >::push_back(int const&)+0x1f (/usr/lib/x.so)',
      'std::vector<int, std::allocator<int> >::push_back(int const&)',
    ],
    ['\t 55d0 operator()(int (*)(char)) (/usr/lib/x.so)', 'operator()(int (*)(char))'],
    [
      '\t 7f01 LazyCompile:*handle /app/server.js:3+0x40 (/tmp/perf-42.map)',
      'LazyCompile:*handle /app/server.js:3_[j]',
    ],
    ['\t 55d0 gone+0x1 (/usr/bin/app (deleted))', 'gone'],
    ['\t 55d0 [unknown] (/usr/lib/x.so)', '[unknown]'],
    ['\t ffffffff81000000 [unknown] ([kernel.kallsyms])', '[unknown]_[k]'],
    ['\t 7ffc0 __vdso_clock_gettime+0x9 ([vdso])', '__vdso_clock_gettime'],
    ['\t 55d0 inlined_function (inlined)', 'inlined_function'],
    ['\t 55d0 evil\u001b[2J+0x1 (x)', 'evil\\x1b[2J'],
    ['\t 55d0 without_object+0x1', 'without_object'],
  ])('the frame %j is %s', async (line, name) => {
    const { profile } = await read(`${HEAD}\n${line}\n\n`)
    expect(weightsByPath(profile)).toEqual({ [`cycles\0nginx\0${name}`]: 1 })
  })

  test.each([
    ['nginx 42 7.5: 1001001 cycles:', 'nginx', 'cycles'],
    ['nginx 42/43 [003] 7.5: 1 cycles:u: ', 'nginx', 'cycles:u'],
    ['Web Content 42 [003] 7.500123:     cpu-clock:', 'Web Content', 'cpu-clock'],
    [':-1 -1 7.5: 1 cycles:', ':-1', 'cycles'],
    [
      'swapper     0 [000] 7.5: sched:sched_switch: prev_comm=a prev_pid=1 ==> next_comm=b',
      'swapper',
      'sched:sched_switch',
    ],
  ])('the head %j is a sample of %s, %s', async (head, comm, event) => {
    const { profile } = await read(`# a comment\n${head}\n\t 55d0 f (x)\n`)
    expect(weightsByPath(profile)).toEqual({ [`${event}\0${comm}\0f`]: 1 })
  })

  test('a sample without call graph has its only frame in the head', async () => {
    const { profile } = await read('nginx 42 7.5: 1 cycles: ffffffff8159f74a folio_wake_bit+0x8a ([kernel.kallsyms])\n')
    expect(weightsByPath(profile)).toEqual({ 'cycles\0nginx\0folio_wake_bit_[k]': 1 })
  })

  test('lines that are none of these are counted, and do not end the reading', async () => {
    const { profile, facts } = await read(
      `${HEAD}\n\t 55d0 f (x)\n\tnonsense\nmore nonsense\n\n${HEAD}\n\t 55d0 f (x)\n`,
    )
    expect(columnTotals(profile, 'cycles')[0]).toBe(2)
    expect(facts[0]).toBe('2 samples of perf, 2 lines not understood and left out')
  })

  test('any text is read or refused, with the name of the file', async () => {
    const piece = fc.constantFrom(
      HEAD,
      '\n',
      '\t',
      ' ',
      '55d0 ',
      'f',
      '+0x',
      '(',
      ')',
      ' (deleted))',
      ':',
      '0',
      '[',
      ']',
      '\u0000',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const path = fileWith(pieces.join(''))
        await readProfile(path, 'perf-script', { unit: 'samples' }).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'damaged', message: expect.stringContaining(path) })
        })
      }),
      { numRuns: 200 },
    )
  })
})
