import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { formatOfPath, readProfile } from '../../../audit/interchange/formats.ts'
import { openStacks, sniff } from '../../../audit/interchange/sniff.ts'
import { foldedLines } from '../../../audit/profile/folded.ts'
import { fileWith, sample } from './files.ts'

const speedscopeFile = '{"$schema":"https://www.speedscope.app/file-format-schema.json","profiles":[]}'

test.each([
  ['a pprof profile', readFileSync(sample('pprof/cpu.pb.gz')), 'pprof'],
  ['one that is not packed', gunzipSync(readFileSync(sample('pprof/cpu.pb.gz'))), 'pprof'],
  ['perf script', readFileSync(sample('perf/pools.perf')), 'perf-script'],
  ['perf script with a header', `# ========\n# captured on: now\n#\n\nnginx 4 1.5: 1 cycles:\n`, 'perf-script'],
  ['speedscope', speedscopeFile, 'speedscope'],
  ['a recording', '{"type":"header","format":"probe-recording"}\n', 'recording'],
  ['a packed recording', gzipSync('{"type":"header"}\n'), 'recording'],
  ['half a gzip header', Buffer.from([0x1f, 0x8b, 8]), 'recording'],
  ['an SVG', ' <svg/>', 'svg'],
  ['folded stacks', 'main;f 12\n', 'folded'],
  ['folded stacks that begin with an empty line', '\n\nmain;f 12\n', 'folded'],
  ['folded stacks of a thread with a number', 'worker 12;run 3\n', 'folded'],
  ['nothing', '', 'folded'],
])('%s is known by how it begins', async (_, content, kind) => {
  expect(await sniff(fileWith(content))).toBe(kind)
})

test.each([
  ['folded stacks', Buffer.from(Array.from({ length: 20_000 }, (_, i) => `main;f${i % 700};leaf ${i}\n`).join(''))],
  ['fewer bytes than tell a format', Buffer.from('main;f 12')],
  ['a pprof profile', readFileSync(sample('pprof/cpu.pb.gz'))],
  ['perf script', readFileSync(sample('perf/pools.perf'))],
])('a pipe is read once and whole: %s', async (_, content) => {
  const read = async (path: string) => {
    const { kind, isPipe, source, close } = await openStacks(path)
    if (kind === 'recording' || kind === 'svg') throw new Error(`taken for ${kind}`)
    const { profile } = await readProfile(path, kind, { unit: 'samples', source })
    await close()
    return { isPipe, kind, stacks: profile.columns.map((key) => [...foldedLines(profile, key)]) }
  }
  const path = fileWith(content)
  const pipe = `${path}.pipe`
  execFileSync('mkfifo', [pipe])
  const [ofPipe] = await Promise.all([read(pipe), writeFile(pipe, content)])
  expect(ofPipe).toEqual({ ...(await read(path)), isPipe: true })
  expect(ofPipe.stacks.flat().length).toBeGreaterThan(0)
})

test('what perf record leaves is refused with the command that makes it text', async () => {
  const path = fileWith('PERFILE2\0\0\0\0')
  await expect(sniff(path)).rejects.toMatchObject({ code: 'not_readable', fix: `perf script -i ${path} > FILE` })
})

test.each(['/dev/zero', '/dev/full', '/dev/null'])('%s is a device, and no file of stacks', async (path) => {
  await expect(openStacks(path)).rejects.toMatchObject({ code: 'not_readable', message: `${path} is a device` })
})

test('what is only written is refused with what is read', async () => {
  const path = fileWith(speedscopeFile)
  await expect(readProfile(path, 'speedscope', { unit: 'samples' })).rejects.toMatchObject({
    message: expect.stringContaining(path),
    fix: expect.stringContaining('pprof'),
  })
})

describe('the name of a file to write says what it should hold', () => {
  test.each([
    ['x.svg', null],
    ['x.folded', 'folded'],
    ['x.pb.gz', 'pprof'],
    ['x.speedscope.json', 'speedscope'],
    ['x.perf', null],
    ['x', null],
  ])('%s: %s', (path, format) => {
    expect(formatOfPath(path)).toBe(format)
  })
})
