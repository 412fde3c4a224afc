import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readProfile } from '../../../audit/interchange/formats.ts'
import { writePprof } from '../../../audit/interchange/pprof-write.ts'
import { createMessage } from '../../../audit/interchange/wire.ts'
import { createProfile } from '../../../audit/profile/build.ts'
import { ProfileError } from '../../../audit/profile/error.ts'
import { functionsOf } from '../../../audit/profile/functions.ts'
import type { Profile } from '../../../audit/profile/profile.ts'
import { columnCounts, columnTotals } from '../../../audit/profile/totals.ts'
import { profileOf, stacks, weightsByPath } from '../profile/stacks.ts'
import { fileWith, sample } from './files.ts'

const PHASES = ['1', '2', '3'].map((key) => ({ key, label: key }))
const about = { title: 'test', lines: [], value: 'off-cpu' }
const bytesOf = (profile: Profile, columns = PHASES): Buffer =>
  Buffer.concat([...writePprof(profile, { ...about, columns })])
const read = (bytes: Uint8Array, value?: string) =>
  readProfile(fileWith(bytes), 'pprof', { unit: 'samples', ...(value === undefined ? {} : { value }) })

describe('pprof', () => {
  test.each(['samples', 'ns'] as const)('out and in again say the same, phase by phase (%s)', async (unit) => {
    await fc.assert(
      fc.asyncProperty(stacks, async (added) => {
        const profile = profileOf(added, unit)
        const { profile: back } = await read(bytesOf(profile))
        expect(back.unit).toBe(Object.keys(weightsByPath(profile)).length > 0 ? unit : back.unit)
        expect(weightsByPath(back)).toEqual(weightsByPath(profile))
        for (const { key } of PHASES)
          expect(columnCounts(back, key)[0]).toBe(back.columns.includes(key) ? columnCounts(profile, key)[0] : 0)
      }),
      { numRuns: 30 },
    )
  })

  test('the same profile gives the same bytes', () => {
    const profile = profileOf([{ frames: ['main', 'read_[k]'], value: 3, column: '1' }])
    expect(bytesOf(profile)).toEqual(bytesOf(profile))
  })

  test('time whose number of events nobody knows is written without one', async () => {
    const profile = createProfile('ns')
    profile.add(['main'], 2e9, 0, '1')
    const { profile: back, facts } = await read(bytesOf(profile, PHASES.slice(0, 1)))
    expect([columnTotals(back, 'all')[0], columnCounts(back, 'all')[0]]).toEqual([2e9, 0])
    expect(facts[0]).toBe('1 pprof samples of off-cpu/nanoseconds')
  })

  const hasGo = spawnSync('go', ['version']).status === 0
  test.skipIf(!hasGo)('pprof itself reads what we write, and finds the same numbers (needs go)', () => {
    const profile = createProfile('ns')
    profile.add(['main', 'handle', 'tcp_sendmsg_[k]'], 30_000_000, 3, '1')
    profile.add(['main', 'handle', 'tcp_sendmsg_[k]'], 70_000_000, 5, '2')
    profile.add(['main', 'std::vector<int>::push_back(int&&)'], 1_000_000, 1, '2')
    const phases = [
      { key: '1', label: 'baseline' },
      { key: '2', label: 'stress' },
    ]
    const path = fileWith(bytesOf(profile, phases), 'p.pb.gz')
    const pprof = (...args: string[]): string =>
      execFileSync('go', ['tool', 'pprof', ...args, path], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, PPROF_TMPDIR: tmpdir() },
      })
    const raw = pprof('-raw')
    expect(raw).toContain('events/count off-cpu/nanoseconds[dflt]')
    expect(raw).toMatch(/^ +3 +30000000: 1 2 3 *\n +phase:\[baseline\]/m)
    expect(raw).toMatch(/^ +5 +70000000: 1 2 3 *\n +phase:\[stress\]/m)
    expect(raw).toMatch(/1: 0x0 M=2 tcp_sendmsg/)
    expect(raw).toMatch(/2: 0x0\/0x0\/0x0 \[kernel\.kallsyms\] +\[FN\]/)
    const top = pprof('-top', '-nodecount=10', '-unit=ms', '-tagfocus=phase=stress')
    expect(top).toMatch(/70ms .* tcp_sendmsg$/m)
    expect(top).toMatch(/1ms .* std::vector::push_back/m)
  })

  test("Go's CPU profile: shares, inlined functions, events and time", async () => {
    const { profile, facts } = await readProfile(sample('pprof/cpu.pb.gz'), 'pprof', { unit: 'samples' })
    const functions = functionsOf(profile)
    const total = functions.total(profile.self[0] ?? new Float64Array())
    const of = (name: string): number => (total[functions.names.indexOf(name)] ?? 0) / 1e9
    expect(profile.unit).toBe('ns')
    expect([columnTotals(profile, 'all')[0], columnCounts(profile, 'all')[0]]).toEqual([300_000_000, 30])
    expect([of('main.heavy'), of('main.light'), of('main.main')]).toEqual([0.21, 0.09, 0.3])
    expect(of('main.inlined')).toBeGreaterThan(0)
    expect(facts[0]).toBe('13 pprof samples of cpu/nanoseconds, the file has samples/count, cpu/nanoseconds')
  })

  test('a heap profile: the value that is asked for, and its own count', async () => {
    const path = sample('pprof/heap.pb.gz')
    const { profile } = await readProfile(path, 'pprof', { unit: 'samples', value: 'inuse_space' })
    const functions = functionsOf(profile)
    const self = functions.self(profile.self[0] ?? new Float64Array())
    // As `go tool pprof -top -sample_index=inuse_space` says: 29606.85kB.
    expect((self[functions.names.indexOf('main.keep')] ?? 0) / 1024).toBeCloseTo(29606.85, 1)
    await expect(readProfile(path, 'pprof', { unit: 'samples', value: 'cpu' })).rejects.toMatchObject({
      code: 'no_such_value',
      fix: expect.stringContaining('alloc_space/bytes'),
    })
  })
})

describe('what a damaged or hostile pprof file does', () => {
  const whole = gunzipSync(readFileSync(sample('pprof/cpu.pb.gz')))

  test('cut off anywhere, or with any bytes changed: a profile or an error of ours that names the file, nothing else', async () => {
    const path = join(tmpdir(), `probe-pprof-${process.pid}`)
    onTestFinished(() => rmSync(path, { force: true }))
    const damages = fc.array(fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(damages, fc.nat(whole.length), async (changes, length) => {
        const bytes = Buffer.from(whole)
        for (const { at, byte } of changes) bytes[at] = byte
        writeFileSync(path, bytes.subarray(0, length))
        await readProfile(path, 'pprof', { unit: 'samples' }).catch((error: unknown) => {
          expect(error).toBeInstanceOf(ProfileError)
          expect(String(error)).toContain(path)
        })
      }),
      { numRuns: 400 },
    )
  })

  const types = (file: ReturnType<typeof createMessage>) =>
    file.message(1, (type) => {
      type.number(1, 1)
      type.number(2, 2)
    })
  const strings = (file: ReturnType<typeof createMessage>, ...all: string[]) => {
    for (const text of ['', 'samples', 'count', ...all]) file.text(6, text)
  }

  test.each([
    ['no types of values', createMessage().bytes(), 'damaged', /says not what its values are/],
    ['half a gzip stream', gzipSync(whole).subarray(0, 200), 'damaged', /unexpected end/],
    ['a gzip bomb', gzipSync(Buffer.alloc(64 << 20), { level: 1 }), 'too_large', /unpacks to more than 32 MiB/],
  ])('%s', async (_, bytes, code, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('stacks that unfold into more frames than there is memory', async () => {
    const file = createMessage()
    types(file)
    strings(file, 'f')
    file.message(4, (location) => {
      location.number(1, 1)
      for (let i = 0; i < 10_000; i++) location.message(4, (line) => line.number(1, 1))
    })
    for (let i = 0; i < 300; i++)
      file.message(2, (message) => {
        message.numbers(1, new Array(8).fill(1))
        message.numbers(2, [1])
      })
    await expect(read(file.bytes())).rejects.toMatchObject({ code: 'too_large' })
  })

  test('a phase for every sample', async () => {
    const file = createMessage()
    types(file)
    strings(file, 'phase', ...Array.from({ length: 200 }, (_, i) => `p${i}`))
    for (let i = 0; i < 200; i++)
      file.message(2, (message) => {
        message.numbers(2, [1])
        message.message(3, (label) => {
          label.number(1, 3)
          label.number(2, 4 + i)
        })
      })
    await expect(read(file.bytes())).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('phases'),
    })
  })

  test('addresses as ids, names with control characters, references to nothing, negative values', async () => {
    const file = createMessage()
    types(file)
    strings(file, 'evil\u001b[2J')
    const id = 2 ** 52 + 1
    file.message(4, (location) => {
      location.number(1, id)
      location.message(4, (line) => line.number(1, 7))
    })
    file.message(5, (message) => {
      message.number(1, 7)
      message.number(2, 3)
    })
    file.message(2, (message) => {
      message.numbers(1, [id, 99])
      message.numbers(2, [5])
    })
    // -1 as an int64: ten bytes.
    const negative = Buffer.concat([file.bytes(), Buffer.from([0x12, 12, 0x12, 10, ...new Array(9).fill(0xff), 0x01])])
    const { profile, facts } = await read(negative)
    expect(weightsByPath(profile)).toEqual({ 'all\0[unknown]\0evil\\x1b[2J': 5 })
    expect(facts[0]).toContain('1 samples with a negative value left out')
  })
})
