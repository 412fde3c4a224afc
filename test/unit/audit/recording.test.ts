import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { sniff } from '../../../audit/interchange/sniff.ts'
import { RecordingError } from '../../../audit/recording/error.ts'
import { packRecording, refusePacked } from '../../../audit/recording/pack.ts'
import { parseRecord, type RecordingLine, readRecording } from '../../../audit/recording/reader.ts'
import { createRecording } from '../../../audit/recording/writer.ts'
import { header, ndjson, note, phase } from './records.ts'

const folder = mkdtempSync('/tmp/probe-recording-')
afterAll(() => rmSync(folder, { recursive: true }))
let serial = 0
const fresh = (extension = 'ndjson') => path.join(folder, `${++serial}.${extension}`)
const file = (content: string | Buffer, extension?: string): string => {
  const name = fresh(extension)
  writeFileSync(name, content)
  return name
}
async function read(name: string): Promise<RecordingLine[]> {
  const records: RecordingLine[] = []
  for await (const record of readRecording(name)) records.push(record)
  return records
}
const failure = (name: string): Promise<unknown> =>
  read(name).then(
    () => 'no error',
    (error: unknown) => error,
  )

/** A disk of 64 KiB, for the test that runs. */
function smallDisk(): string {
  const place = path.join(folder, `disk-${++serial}`)
  mkdirSync(place)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'probe-test', place])
  onTestFinished(() => {
    execFileSync('umount', [place])
  })
  return place
}

async function begun(name: string): Promise<void> {
  const writer = await createRecording(name, new Map())
  writer.append(header())
  await writer.close()
}

const records = [header(), phase(1, 'baseline', 0), note('größe 語', 5), phase(1, 'baseline', 0, 9)]

describe('a recording that is written', () => {
  test.each([0, 1, 20_000])(
    'has its end at once for who leaves, whatever is still queued: %i records',
    async (count) => {
      const name = fresh()
      const writer = await createRecording(name, new Map())
      const many = [header(), ...Array.from({ length: count }, (_, n) => note(`n${n}`, n))]
      // Some of it is being written when the rest comes.
      for (const record of many.slice(0, count / 2)) writer.append(record)
      await new Promise((resolve) => setImmediate(resolve))
      for (const record of many.slice(count / 2)) writer.append(record)
      const end = { type: 'end', t_us: 1, reason: 'interrupted', exit_code: 130, verdict: 'interrupted' } as const
      writer.endNow(end)
      const written = readFileSync(name, 'utf8')
      expect(
        written
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line).type),
      ).toEqual([...many.map(({ type }) => type), 'end'])
      // What was under way, or closing in order after all, changes nothing.
      await writer.close()
      expect(readFileSync(name, 'utf8')).toBe(written)
    },
  )

  test('that has its end gets no second one, and one without even a header is not left', async () => {
    const end = { type: 'end', t_us: 1, reason: 'done', exit_code: 0, verdict: 'done' } as const
    const whole = await createRecording(fresh(), new Map())
    for (const record of [header(), end]) whole.append(record)
    whole.endNow({ ...end, reason: 'interrupted' })
    expect((await read(whole.path)).filter(({ type }) => type === 'end')).toEqual([end])
    await whole.close()
    const empty = await createRecording(fresh(), new Map())
    empty.endNow(end)
    expect(existsSync(empty.path)).toBe(false)
    await empty.close()
  })

  test('reads back as it was appended, in order', async () => {
    const name = fresh()
    const writer = await createRecording(name, new Map())
    const many = [...records, ...Array.from({ length: 5000 }, (_, n) => note(`n${n}`, n))]
    for (const record of many) writer.append(record)
    await writer.close()
    expect(await read(name)).toEqual(many)
    expect(writer.bytes()).toBe(statSync(name).size)
  })

  test('has no name before its header, and then at once: who is killed while attaching leaves nothing of it', async () => {
    const place = mkdtempSync(path.join(folder, 'unseen-'))
    const name = path.join(place, 'run.ndjson')
    const writer = await createRecording(name, new Map())
    expect(existsSync(name)).toBe(false)
    writer.append(header())
    expect(existsSync(name)).toBe(true)
    await writer.close()
    expect(readdirSync(place)).toEqual(['run.ndjson'])
    expect(await read(name)).toEqual([header()])
  })

  test('whose name was taken meanwhile by another leaves that as it is, and says so', async () => {
    const place = mkdtempSync(path.join(folder, 'taken-'))
    const name = path.join(place, 'run.ndjson')
    const writer = await createRecording(name, new Map())
    writeFileSync(name, 'mine')
    writer.append(header())
    expect(await writer.failed).toMatchObject({
      code: 'write_failed',
      message: `cannot write ${name}: it exists already`,
    })
    await writer.close()
    expect(readFileSync(name, 'utf8')).toBe('mine')
    expect(readdirSync(place)).toEqual(['run.ndjson'])
  })

  test('is removed by the next run where the one before was killed before its header', async () => {
    const place = mkdtempSync(path.join(folder, 'killed-'))
    const name = path.join(place, 'run.ndjson')
    const namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
    writeFileSync(path.join(place, `.probe-${namespace}-4194305-1-0123456789ab.part`), '')
    await begun(name)
    expect(readdirSync(place)).toEqual(['run.ndjson'])
  })

  test('is private', async () => {
    const name = fresh()
    await begun(name)
    expect(statSync(name).mode & 0o777).toBe(0o600)
  })

  test('into which nothing was written does not stay', async () => {
    const name = fresh()
    await (await createRecording(name, new Map())).close()
    expect(existsSync(name)).toBe(false)
  })

  test('never replaces a file', async () => {
    const name = file('mine')
    await expect(createRecording(name, new Map())).rejects.toMatchObject({ code: 'EEXIST' })
    expect(readFileSync(name, 'utf8')).toBe('mine')
  })

  test('never follows a link, not even one to nothing', async () => {
    const [name, elsewhere] = [fresh(), fresh()]
    symlinkSync(elsewhere, name)
    await expect(createRecording(name, new Map())).rejects.toMatchObject({ code: 'EEXIST' })
    expect(existsSync(elsewhere)).toBe(false)
    expect(lstatSync(name).isSymbolicLink()).toBe(true)
  })

  test('belongs to the user who called sudo', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'not root')
    vi.stubEnv('SUDO_UID', '65534')
    vi.stubEnv('SUDO_GID', '65533')
    onTestFinished(() => {
      vi.unstubAllEnvs()
    })
    const name = fresh()
    await begun(name)
    expect(statSync(name)).toMatchObject({ uid: 65534, gid: 65533 })
  })

  test('on a full disk ends with a whole line and says what to do', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'not root')
    const name = path.join(smallDisk(), 'run.ndjson')
    const writer = await createRecording(name, new Map())
    writer.append(header())
    let failed: RecordingError | undefined
    void writer.failed.then((error) => {
      failed = error
    })
    for (let n = 0; failed === undefined && n < 1000; n++) {
      writer.append(note('x'.repeat(1000), n))
      await new Promise((resolve) => setImmediate(resolve))
    }
    writer.append(note('too late'))
    await writer.close()
    expect(failed).toMatchObject({
      code: 'write_failed',
      message: `cannot write ${name}: no space left on the device`,
      fix: expect.stringMatching(/space/),
      exitCode: 3,
    })
    const text = readFileSync(name, 'utf8')
    expect(text.endsWith('\n')).toBe(true)
    const whole = await read(name)
    expect(whole.length).toBeGreaterThan(20)
    expect(whole.filter((line) => line.type === 'skipped')).toEqual([])
    expect(whole.slice(1).map((line) => (line.type === 'note' ? line.t_us : -1))).toEqual(
      whole.slice(1).map((_, n) => n),
    )
  })
})

describe('a recording that is read', () => {
  test.each([
    ['plain', 'ndjson', (text: string) => Buffer.from(text)],
    ['gzip', 'ndjson.gz', (text: string) => gzipSync(text)],
    ['zstd', 'ndjson.zst', (text: string) => zstdCompressSync(text)],
  ])('%s', async (_, extension, pack) => {
    expect(await read(file(pack(ndjson(records)), extension))).toEqual(records)
  })

  test('cut off anywhere gives its whole lines', async () => {
    const text = Buffer.from(ndjson(records))
    const ends = [...text].flatMap((byte, at) => (byte === 10 ? [at] : []))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: ends[0] ?? 0, max: text.length }), async (at) => {
        const found = await read(file(text.subarray(0, at)))
        const whole = ends.filter((end) => end <= at).length
        expect(found.slice(0, whole)).toEqual(records.slice(0, whole))
        expect(found.slice(whole).every((line) => line.type === 'skipped')).toBe(true)
        expect(found.length - whole).toBeLessThanOrEqual(1)
      }),
      { numRuns: 40 },
    )
  })

  test.each([
    ['gzip', 'ndjson.gz', gzipSync, 40_000],
    ['zstd', 'ndjson.zst', zstdCompressSync, 40_000],
    ['gzip, with little in it', 'ndjson.gz', gzipSync, 50],
    // zstd packs 128 KiB at a time: less cannot be read without its end.
    ['zstd, with little in it', 'ndjson.zst', zstdCompressSync, 5_000],
  ])('cut off inside its %s gives what it has', async (_, extension, pack, count) => {
    // Numbers without a pattern, so that all parts of the packed file weigh the same.
    const noise = (n: number) => String(Math.imul(n + 1, 0x9e3779b1) >>> 0).repeat(3)
    const many = [header(), ...Array.from({ length: count }, (__, n) => note(noise(n), n))]
    const packed = pack(ndjson(many))
    const found = await read(file(packed.subarray(0, Math.floor(packed.length * 0.8)), extension))
    const whole = found.filter((line) => line.type !== 'skipped')
    expect(whole).toEqual(many.slice(0, whole.length))
    expect(whole.length).toBeGreaterThan(count * 0.3)
    expect(found.length - whole.length).toBeLessThanOrEqual(1)
  })

  test('passes over unknown types and damaged lines, and says which', async () => {
    const text = `${ndjson([header(), { type: 'later', x: 1 }])}{"type":"note","t_us":\n\n${ndjson([note('after')])}`
    expect(await read(file(text))).toEqual([
      header(),
      { type: 'skipped', line: 2 },
      { type: 'skipped', line: 3 },
      note('after'),
    ])
  })

  test('ignores keys it does not know', async () => {
    expect(
      await read(
        file(
          ndjson([
            { ...header(), later: 1 },
            { ...note('a'), later: [] },
          ]),
        ),
      ),
    ).toEqual([header(), note('a')])
  })

  test('has lines of any length', async () => {
    const long = note('x'.repeat(300_000))
    expect(await read(file(ndjson([header(), long, note('after')])))).toEqual([header(), long, note('after')])
  })

  test('is safe to show, whoever wrote it', () => {
    const hostile = ndjson([note('a\x1b[2Jb\u202ec\u0000')]).trim()
    expect(parseRecord(hostile)).toMatchObject({ text: 'a\\x1b[2Jb\\u202ec\\x00' })
    const frames = ndjson([{ type: 'frames', from: 0, names: ['ok', 'x\x07'] }]).trim()
    expect(parseRecord(frames)).toMatchObject({ names: ['ok', 'x\\x07'] })
    const keys = ndjson([{ type: 'telemetry', t_us: 1, source: 'netns', values: { 'x\x1b': 1 } }]).trim()
    expect(parseRecord(keys)).toMatchObject({ values: { 'x\\x1b': 1 } })
    const data = ndjson([{ ...windowRecord, data: { syscalls: { 'x\x1b': 1 }, list: ['\u200e'] } }]).trim()
    expect(parseRecord(data)).toMatchObject({ data: { syscalls: { 'x\\x1b': 1 }, list: ['\\u200e'] } })
  })
})

const windowRecord = { type: 'window', probe: 'x', phase: 1, start_us: 0, end_us: 1, data: null }

describe('what is no recording is refused', () => {
  test.each([
    ['an empty file', '', 'ndjson', 'not_a_recording', /empty/],
    ['folded stacks', 'main;f 12\n', 'ndjson', 'not_a_recording', /not NDJSON/],
    ['other NDJSON', '{"a":1}\n', 'ndjson', 'not_a_recording', /first line is no header/],
    ['a record before the header', ndjson([note('x'), header()]), 'ndjson', 'not_a_recording', /first line/],
    ['a compressed file that is none', 'main;f 12\n', 'ndjson.gz', 'not_a_recording', /gzip/],
    ['the same with zstd', 'main;f 12\n', 'ndjson.zst', 'not_a_recording', /zstd/],
    ['a later version', ndjson([header({ version: 2 })]), 'ndjson', 'newer_version', /version 2; this is 1/],
    [
      'a later version whose header is another',
      ndjson([{ type: 'header', format: 'probe-recording', version: 7, host: 'x' }]),
      'ndjson',
      'newer_version',
      /version 7; this is 1/,
    ],
  ])('%s', async (_, content, extension, code, message) => {
    const error = await failure(file(content, extension))
    expect(error).toBeInstanceOf(RecordingError)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message), exitCode: 2 })
    expect((error as RecordingError).fix).toMatch(/\S/)
  })

  test('what never ends, as soon as its first line is too long', async () => {
    expect(await failure('/dev/zero')).toMatchObject({ code: 'not_a_recording', exitCode: 2 })
  })

  test('a file that is not there', async () => {
    expect(await failure(fresh())).toMatchObject({ code: 'ENOENT' })
    expect(await failure(fresh('ndjson.gz'))).toMatchObject({ code: 'ENOENT' })
  })
})

describe('a recording that is packed', () => {
  const pack = (name: string) => packRecording(name, new Map(), 1_000_000)

  test('takes the place of the plain one, as private, and reads the same', async () => {
    const name = file(ndjson(records))
    const packed = await pack(name)
    expect(packed).toEqual({ path: `${name}.gz`, bytes: statSync(`${name}.gz`).size })
    expect(statSync(packed.path).mode & 0o777).toBe(0o600)
    expect(existsSync(name)).toBe(false)
    expect(await read(packed.path)).toEqual(records)
  })

  test('never replaces a file: then the plain one stays', async () => {
    const name = file(ndjson(records))
    writeFileSync(`${name}.gz`, 'mine')
    expect(await pack(name)).toEqual({ path: name, bytes: statSync(name).size })
    expect(readFileSync(`${name}.gz`, 'utf8')).toBe('mine')
    expect(existsSync(`${name}.gz.part`)).toBe(false)
    expect(await read(name)).toEqual(records)
  })

  test('removes what an earlier run left half packed, and leaves no half itself', async () => {
    const place = mkdtempSync(path.join(folder, 'half-'))
    const name = path.join(place, 'run.ndjson')
    writeFileSync(name, ndjson(records))
    const namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
    // above the highest pid Linux can give
    writeFileSync(path.join(place, `.probe-${namespace}-4194305-1-0123456789ab.part`), 'half of another')
    const packed = await pack(name)
    expect(await read(packed.path)).toEqual(records)
    expect(readdirSync(place)).toEqual(['run.ndjson.gz'])
  })

  test('on a full disk stays plain, and leaves nothing half done', async ({ skip }) => {
    skip(process.getuid?.() !== 0, 'not root')
    const small = smallDisk()
    const name = path.join(small, 'run.ndjson')
    // Too random to become smaller, so that there is no room for it twice.
    const noise = Array.from({ length: 1250 }, (_, n) => createHash('sha256').update(String(n)).digest())
    writeFileSync(name, Buffer.concat(noise))
    expect(await pack(name)).toEqual({ path: name, bytes: 40_000 })
    expect(readdirSync(small)).toEqual(['run.ndjson'])
  })

  test('is refused its name before the run, not after it', () => {
    const name = fresh()
    expect(() => refusePacked(name)).not.toThrow()
    writeFileSync(`${name}.gz`, 'mine')
    expect(() => refusePacked(name)).toThrow(
      expect.objectContaining({ code: 'exists', exitCode: 2, fix: expect.stringMatching(/--out/) }),
    )
  })
})

test.each([
  ['a recording', ndjson([header()]), 'x', 'recording'],
  ['a compressed one, by its name', gzipSync('x'), 'ndjson.gz', 'recording'],
  ['an SVG', '<?xml version="1.0"?><svg/>', 'x', 'svg'],
  ['folded stacks', 'main;f 12\n', 'svg', 'folded'],
  ['nothing', '', 'x', 'folded'],
])('a file is known by how it begins: %s', async (_, content, extension, kind) => {
  expect(await sniff(file(content, extension))).toBe(kind)
})
