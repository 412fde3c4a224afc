import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDemangler, findDemangler } from '../../../probes/symbols/demangle.ts'
import { isMangled, nameStack } from '../../../probes/symbols/frames.ts'
import { frame } from './subjects.ts'

const program = await findDemangler()
const skipped = program === null ? ' [skipped: no c++filt on this host (apt-get install binutils)]' : ''

/** A stand-in for c++filt: a shell script in a folder of its own. */
function standIn(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'probe-demangle-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'filter')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

describe.skipIf(program === null)(`mangled names become${skipped}`, () => {
  // The right column is what `perf report` 6.1 shows for these functions.
  test.each([
    [
      'a C++ template, without return type and parameters',
      '_ZN3app4Pool4spinIlEET_RKSt6vectorIS2_SaIS2_EERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE',
      'app::Pool::spin<long>',
    ],
    ['a C++ operator', '_ZNK3app4PoolcvlEv', 'app::Pool::operator long'],
    [
      'a function of a namespace without name',
      '_ZN3app12_GLOBAL__N_16hiddenEiPKc',
      'app::(anonymous namespace)::hidden',
    ],
    ['a lambda', '_ZZ4mainENKUliE_clEi', 'main::{lambda(int)#1}::operator()'],
    ['a C++ function that was split', '_ZN3app3runEv.cold', 'app::run'],
    ['a Rust function, v0', '_RNvMCs6GmmlP4bgsG_1rINtB2_4PoolmE4spinB2_', '<r::Pool<u32>>::spin'],
    [
      'a Rust method of a trait, v0',
      '_RNvXs_Cs6GmmlP4bgsG_1rINtB4_4PoolmENtB4_4Work4work',
      '<r::Pool<u32> as r::Work>::work',
    ],
    ['a Rust function, legacy', '_ZN1r13Pool$LT$T$GT$4spin17hffd89b3e4670cbf6E', 'r::Pool<T>::spin'],
    [
      'a Rust closure, legacy',
      '_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17ha86af84d9cc65291E',
      'std::rt::lang_start::{{closure}}',
    ],
  ])('%s', async (_, mangled, readable) => {
    expect((await createDemangler(program)([mangled])).get(mangled)).toBe(readable)
  })

  test('bounded and safe ones, even where the mangled one was long', async () => {
    const long = `_ZN${'9namespace'.repeat(60)}3runEv`
    const name = (await createDemangler(program)([long])).get(long)
    expect(name).toHaveLength(512)
    expect(name).toMatch(/^namespace::namespace::.*…$/)
  })

  test('what they were, where a short one stands for gigabytes; others beside it are read', async () => {
    // Each substitution repeats the one before twice: 2^26 pairs.
    const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    const bomb = `_Z1fISt4pairIiiE${Array.from({ length: 26 }, (_, i) => `S0_IS${digits[i + 1]}_S${digits[i + 1]}_E`).join('')}Evv`
    const readable = await createDemangler(program)([bomb, '_ZN1a1bEi', bomb.replace('1f', '1g')])
    expect([...readable]).toEqual([
      [bomb, bomb],
      ['_ZN1a1bEi', 'a::b'],
      [bomb.replace('1f', '1g'), bomb.replace('1f', '1g')],
    ])
  })

  test('something for every name, whatever it says', async () => {
    const word = fc.string({ unit: fc.constantFrom(...'_ZNRCs0123456789E$.St@ \n\u202e(<') })
    await fc.assert(
      fc.asyncProperty(fc.array(word.map((text) => `_Z${text}`)), async (names) => {
        const readable = await createDemangler(program)(names)
        expect([...readable.keys()].toSorted()).toEqual([...new Set(names)].toSorted())
      }),
      { numRuns: 20 },
    )
  })
})

test('only what compilers make is mangled', () => {
  const names = ['_ZN1a1bEi', '_RNvC1a1b', '_ZTV1a', 'main', '_Run', '_start', '_Z_[k]', 'x_Z']
  expect(names.filter(isMangled)).toEqual(['_ZN1a1bEi', '_RNvC1a1b', '_ZTV1a', '_Z_[k]'])
})

test('a mangled name is not cut before it was read', () => {
  const long = `_ZN${'9namespace'.repeat(60)}3runEv`
  expect(nameStack([frame(long)], [], () => null)).toEqual([long])
})

describe('names stay as they are', () => {
  test('without a program', async () => {
    expect([...(await createDemangler(null)(['_ZN1a1bEi', 'main']))]).toEqual([['_ZN1a1bEi', '_ZN1a1bEi']])
  })

  test.each([
    ['fails', 'exit 1'],
    ['is not there any more', null],
    ['answers with another number of lines', 'echo one; echo two; echo three'],
    ['kills itself', 'kill -9 $$'],
  ])('when the program %s', async (_, script) => {
    const path = script === null ? '/nonexistent/c++filt' : standIn(script)
    expect([...(await createDemangler(path)(['_Z1av', '_Z1bv'])).values()]).toEqual(['_Z1av', '_Z1bv'])
  })
})

test('one name that kills the program costs no other its own', async () => {
  const path = standIn('while read -r line; do case $line in *bad*) kill -9 $$;; esac; echo "good $line"; done')
  const names = Array.from({ length: 100 }, (_, i) => (i === 37 ? '_Z3badv' : `_Z${i}`))
  const readable = await createDemangler(path)(names)
  expect(names.filter((name) => readable.get(name) !== `good ${name}`)).toEqual(['_Z3badv'])
})

test('a name is asked for once', async () => {
  const path = standIn('echo start >> "$0.log"; cat')
  const demangle = createDemangler(path)
  await demangle(['_Z1av', '_Z1bv'])
  await demangle(['_Z1av'])
  await demangle(['_Z1bv', '_Z1av'])
  expect(readFileSync(`${path}.log`, 'utf8')).toBe('start\n')
})
