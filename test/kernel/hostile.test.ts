import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { attach, freshDirectory, type Line, probe } from './attach.ts'
import { workloadBinary } from './build.ts'
import { phaseStacks } from './readings.ts'
import { kernelSuite, xmlParser } from './requirements.ts'
import { startWorkload } from './workload.ts'

/** what a terminal acts on, or hides, or reorders by */
const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

kernelSuite(
  'hostile text from the target: names, symbols and paths made of escapes, bidi and markup',
  () => {
    test('nothing of it is raw in the recording, the text, or the SVG, and all of it is still to be read', async () => {
      const directory = freshDirectory()
      const binary = join(directory, '\x1b[31m]]><script>&"\u202e.bin')
      copyFileSync(workloadBinary('hostile'), binary)
      const file = join(directory, 'run.ndjson')
      const program = await startWorkload('hostile', [], { binary })
      const attached = await attach(['off-cpu', 'syscalls', '--pid', String(program.pid), '--record', file], {
        directory,
      })
      program.say('go')
      await program.hear('truth', z.object({ naps: z.literal(200) }))
      const { stderr } = await attached.stop()

      for (const record of attached.records) expect(harmfulStrings(record)).toEqual([])
      const header = attached.records[0]
      expect(header?.type === 'header' && header.target.processes[0]?.comm).toContain('\\x1b[2J')
      const frames = new Set(phaseStacks(attached.records, 'off-cpu').flatMap((row) => row.frames))
      for (const symbol of ['esc\\x1b[31m', 'bidi\\u202e', ']]></title><script>alert(1)', 'semi;colon,comma space'])
        expect(
          [...frames].filter((frame) => frame.includes(symbol)),
          symbol,
        ).not.toEqual([])

      const svg = join(directory, 'off-cpu.svg')
      const outputs = [
        stderr,
        (await probe(['replay', file])).stdout,
        await succeeded(['flame', file, '--probe', 'off-cpu', '-o', svg]),
      ]
      for (const text of outputs) expect(text.split('\n').filter((line) => harmful.test(line))).toEqual([])
      const picture = readFileSync(svg, 'utf8')
      execFileSync('python3', ['-c', 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])', svg])
      expect(picture).not.toContain('<script>alert')
      expect(picture.split('\n').filter((line) => harmful.test(line))).toEqual([])
      expect(picture).toContain('alert(1)')
    })
  },
  xmlParser,
)

async function succeeded(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await probe(args)
  expect(code, stderr).toBe(0)
  return stdout
}

/** every string of a record, keys too, that is not safe to show */
function harmfulStrings(value: Line | unknown): string[] {
  if (typeof value === 'string') return harmful.test(value) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [...harmfulStrings(key), ...harmfulStrings(inner)])
}
