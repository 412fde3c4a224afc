import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { formatNamed, movers, parseFolded, type RecordingRecord } from '../../audit/index.ts'
import { describeFailure, formatFailure } from '../../cli/errors.ts'
import { loadRecording } from '../../cli/load-recording.ts'
import { jsonText } from '../../cli/say.ts'
import { type StacksChoice, stacksOf } from '../../cli/stacks-of.ts'
import { loadCatalog } from '../../probes/index.ts'
import { flameSvg, moversText, type RunFlame, textSummary, timelineSvg } from '../../ui/index.ts'
import { harmIn } from './target.ts'
import { seedRecords } from './targets/recordings.ts'
import { closeSvg, openSvg } from './targets/stacks.ts'

const folder = mkdtempSync(join(tmpdir(), 'probe-texts-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Acts on a terminal, on who reads, and on who parses. */
const HOSTILE = '\u001b]52;c;RVZJTA==\u0007\u001b[2J\u009b31m\u202e\u2066\u200b\u2028\ufeff\u{e0041}\r\n\0<script>'

type Path = readonly (string | number)[]

/** Where texts stand in a value: its strings, and the names of its members. */
function textsIn(value: unknown, path: Path = []): { path: Path; isName: boolean }[] {
  if (typeof value === 'string') return [{ path, isName: false }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const own = [...path, key]
    return [...(Array.isArray(value) ? [] : [{ path: own, isName: true }]), ...textsIn(inner, own)]
  })
}

function withHostile<T>(value: T, path: Path, isName: boolean): T {
  const copy = structuredClone(value)
  const last = path.at(-1) ?? ''
  let of = copy as Record<string | number, unknown>
  for (const key of path.slice(0, -1)) of = of[key] as Record<string | number, unknown>
  if (isName) of[`${last}${HOSTILE}`] = of[last]
  else of[last] = `${String(of[last])}${HOSTILE}`
  return copy
}

/** What tells a reader which record this is: with another it is none. */
const TELLING = new Set(['type', 'format', 'unit', 'scheme', 'reason'])

/** What a command says of stacks: drawn, exported, compared, and of what is wrong with a choice. */
async function saidOf(path: string, pair: string): Promise<[string, string][]> {
  const said: [string, string][] = []
  const tell = async (choice: Partial<StacksChoice>, say: (graph: RunFlame) => Promise<void> | void) => {
    try {
      await say(await stacksOf(path, { unit: 'samples', ...choice }))
    } catch (error) {
      const failure = describeFailure(error)
      expect(failure.exitCode).not.toBe(70)
      said.push(['an error', formatFailure(failure)], ['an error as JSON', jsonText({ error: failure })])
    }
  }
  await tell({}, async ({ profile, options, value }) => {
    said.push(['a picture', await flameSvg(profile, options)])
    for (const name of ['folded', 'speedscope'] as const) {
      const { title, lines, columns } = options
      said.push([name, [...(formatNamed(name).write?.(profile, { title, lines, columns, value }) ?? [])].join('')])
    }
  })
  await tell({ diff: pair }, async ({ profile, options }) => {
    said.push(['a difference', await flameSvg(profile, options)])
    if (!('base' in options.view)) return
    const labels = options.columns.map(({ label }) => label)
    const heading = { base: labels[0] ?? '', candidate: labels[1] ?? '', unit: profile.unit, per: null }
    said.push(
      ['a list of movers', moversText(movers(profile, options.view, 10), heading)],
      ['the same as JSON', jsonText(heading)],
    )
  })
  await tell({ phase: 'no such phase' }, () => undefined)
  return said
}

const harms = (said: readonly (readonly [string, string])[]): string[] =>
  said.flatMap(([what, text]) => harmIn(what, text) ?? [])

describe('hostile text', () => {
  test('anywhere in a recording reaches no output', async () => {
    const catalog = await loadCatalog()
    const { records } = await seedRecords(folder)
    const tried = new Set<string>()
    for (const [at, record] of records.entries())
      for (const { path, isName } of textsIn(record)) {
        if (TELLING.has(String(path.at(-1))) && !isName) continue
        // Of a list, or of members that are alike, one stands for all.
        const kind = `${record.type} ${path.map((key) => (/^\d+$/.test(String(key)) ? '*' : key)).join('.')} ${isName}`
        if (tried.has(kind)) continue
        tried.add(kind)
        const changed: RecordingRecord[] = records.with(at, withHostile(record, path, isName))
        const file = join(folder, 'run.ndjson')
        writeFileSync(file, `${changed.map((one) => JSON.stringify(one)).join('\n')}\n`)
        const { model, bytes } = await loadRecording(file, catalog)
        const said: [string, string][] = [
          ['the summary', await textSummary(model, catalog, { path: file, bytes })],
          ['the timeline', await timelineSvg(model, catalog)],
          [
            'JSON',
            jsonText({
              summary: model.summary,
              end: model.end,
              phases: model.phases.map(({ name, kind }) => [name, kind]),
            }),
          ],
          // Drawing takes longer: where a text is of stacks or phases.
          ...(/^(phase|frames|stacks|header|end)/.test(kind) ? await saidOf(file, 'baseline..stress') : []),
        ]
        expect(harms(said), kind).toEqual([])
      }
    expect(tried.size).toBeGreaterThan(60)
  })

  test('anywhere in the head of a picture reaches no output', async () => {
    const { profile } = parseFolded('main;f;g 3\nmain;h 2\n', { column: 'a' })
    parseFolded('main;f;g 5\nmain;h 9\n', { column: 'b', into: profile })
    const divide = { by: 10, per: 'request' }
    const columns = [
      { key: 'a', label: 'one', facts: 'for 10 s', divide },
      { key: 'b', label: 'two', divide },
    ]
    const start = { search: 'f', of: 'f', unit: 'total' } as const
    const picture = await flameSvg(profile, {
      title: 't',
      lines: ['l'],
      columns,
      whole: 'w',
      view: { column: 'a' },
      start,
    })
    const parts = openSvg(picture)
    const file = join(folder, 'a.svg')
    let tried = 0
    for (const { path, isName } of textsIn(parts.head)) {
      tried++
      writeFileSync(file, closeSvg(parts, withHostile(parts.head, path, isName)))
      expect(harms(await saidOf(file, 'one..two')), path.join('.')).toEqual([])
    }
    expect(tried).toBeGreaterThan(20)
  })

  test('in the name of a file reaches no output', async () => {
    const file = join(folder, `a\u001b[2J\u009b1m\u202e\nb.folded`)
    writeFileSync(file, 'main;f 1\n')
    expect(harms(await saidOf(file, 'a..b'))).toEqual([])
  })
})
