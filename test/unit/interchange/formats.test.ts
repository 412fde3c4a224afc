import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { formatOfPath, readProfile } from '../../../audit/interchange/formats.ts'
import { sniff } from '../../../audit/interchange/sniff.ts'
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

test('what perf record leaves is refused with the command that makes it text', async () => {
  const path = fileWith('PERFILE2\0\0\0\0')
  await expect(sniff(path)).rejects.toMatchObject({ code: 'not_readable', fix: `perf script -i ${path} > FILE` })
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
