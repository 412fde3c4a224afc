import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createProfile } from '../../../audit/profile/build.ts'
import { foldedLines } from '../../../audit/profile/folded.ts'
import { embedProfile, extractProfile } from '../../../ui/flame/embed.ts'
import { type FlameSvgOptions, flameSvg } from '../../../ui/flame/svg.ts'
import { viewerScript } from '../../../ui/flame/viewer/script.ts'
import { xmlText } from '../../../ui/flame/xml.ts'
import { profileOf, stacks } from '../profile/stacks.ts'

const options: FlameSvgOptions = {
  title: 'Off-CPU',
  lines: ['probe off-cpu · host web-1'],
  columns: [
    { key: '1', label: 'baseline', facts: '10 s · loss none', divide: { by: 100, per: 'request' } },
    { key: '2', label: 'stress', facts: '15 s · loss none', divide: { by: 300, per: 'request' } },
  ],
  view: { column: '1' },
}
const hostileNames = [
  'std::vector<int, std::allocator<int> >&',
  'a]]>b',
  '--><script>alert(1)</script>',
  '"quoted" \'single\' & &amp; &#0;',
  'nul\u0000bell\u0007escape\u001b[31m',
  'bidi\u202eevil\u2066',
  'nbsp\u00a0',
  'lone \ud800 surrogate',
  'noncharacter \ufffe\uffff',
  '名前😀',
  '</profile></metadata>',
  'dollar-brace `',
]
const hasXmllint = spawnSync('xmllint', ['--version']).status === 0

describe('a flame SVG', () => {
  test.skipIf(!hasXmllint)('is well-formed whatever frames, hosts and phases are called (needs xmllint)', () => {
    for (const name of hostileNames) {
      const profile = createProfile('ns')
      profile.add(['main', name, `${name}_[k]`], 5_000_000, 3, '1')
      profile.add([name], 5_000_000, 3, '2')
      const columns = [
        { key: '1', label: name, facts: name },
        { key: '2', label: 'b' },
      ]
      for (const view of [{ column: '1' }, { base: '1', candidate: '2' }])
        expectWellFormed(flameSvg(profile, { title: name, lines: [name, name], columns, view }), name)
    }
  })

  test.skipIf(!hasXmllint)('is well-formed for any text at all (needs xmllint)', () => {
    const profile = createProfile('samples')
    for (const name of fc.sample(fc.string({ unit: 'binary', maxLength: 20 }), { numRuns: 500, seed: 1 }))
      profile.add([name], 1, 1, '1')
    expectWellFormed(flameSvg(profile, options), 'random names')
  })

  test('holds no character that XML forbids, and no markup of a name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(xmlText(text)).toMatch(/^[\u0020-\u007e\n]*$/)
        expect(xmlText(text)).not.toMatch(/[<>]/)
        expect(readable(xmlText(text))).not.toMatch(/[\p{Cs}\ufffe\uffff\u0000-\u0009\u000b-\u001f]/u)
      }),
    )
    expect(readable(xmlText('é 名前😀'))).toBe('é 名前😀')
    expect(xmlText('a<b>&"c"')).toBe('a&lt;b&gt;&amp;&quot;c&quot;')
  })

  test('the same input gives the same bytes, whatever the order of stacks', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const svg = flameSvg(profileOf(added, 'ns'), options)
        expect(flameSvg(profileOf([...added].reverse(), 'ns'), options)).toBe(svg)
      }),
      { numRuns: 30 },
    )
  })

  test('is readable without scripts: title, phase, facts, names and weights are text', () => {
    const profile = profileOf([{ frames: ['main', 'read_[k]'], value: 41_000_000, column: '1' }], 'ns')
    const svg = readable(flameSvg(profile, { ...options, interactive: false }))
    for (const text of [
      'Off-CPU',
      'probe off-cpu · host web-1',
      'baseline · 10 s · loss none',
      '>read</text>',
      '>kernel</text>',
    ])
      expect(svg).toContain(text)
    expect(svg).toContain('<title>read\n410 µs/request\n41.0 ms\n100 % of baseline\n1 event</title>')
    expect(svg).not.toContain('<script')
  })

  test('shows both sides of a difference per unit of load', () => {
    const profile = profileOf(
      [
        { frames: ['main'], value: 1_000_000, column: '1' },
        { frames: ['main'], value: 6_000_000, column: '2' },
        { frames: ['fresh'], value: 3_000_000, column: '2' },
      ],
      'ns',
    )
    const svg = flameSvg(profile, { ...options, view: { base: '1', candidate: '2' } })
    expect(readable(svg)).toContain('main\nbaseline 10.0 µs/request → stress 20.0 µs/request\n+10.0 µs/request (×2.0)')
    expect(readable(svg)).toContain('fresh\nbaseline 0/request → stress 10.0 µs/request\n+10.0 µs/request (new)')
  })

  test('a phase without a request is shown whole, not per request', () => {
    const profile = profileOf([{ frames: ['main'], value: 4_000_000, column: '1' }], 'ns')
    const columns = [{ key: '1', label: 'idle', divide: { by: 0, per: 'request' } }]
    expect(flameSvg(profile, { ...options, columns })).toContain('main\n4.00 ms\n100 % of idle')
  })

  test('compares shares when phases cannot be related to the same unit', () => {
    const profile = profileOf([
      { frames: ['a'], value: 1, column: '1' },
      { frames: ['a'], value: 300, column: '2' },
    ])
    const columns = [
      { key: '1', label: 'x' },
      { key: '2', label: 'y' },
    ]
    expect(readable(flameSvg(profile, { ...options, columns, view: { base: '1', candidate: '2' } }))).toContain(
      'x 100 % → y 100 %\n±0 % (same)',
    )
  })

  test('a still picture of a difference says how to read it, what is missing, and what changed most', () => {
    const profile = profileOf(
      Array.from({ length: 400 }, (_, i) => ({
        frames: i % 4 === 0 ? ['main', '[unknown]'] : ['main', i < 300 ? 'slower' : 'same'],
        value: 1_000_000,
        column: i < 300 && i >= 20 ? '2' : '1',
      })),
      'ns',
    )
    const svg = flameSvg(profile, {
      ...options,
      columns: options.columns.map((column) => ({ ...column, divide: { by: 100, per: 'request' } })),
      view: { base: '1', candidate: '2' },
      interactive: false,
    })
    expect(svg).toContain('width: the larger side, time per request')
    expect(svg).toContain('grey where chance would do it (5 % false discoveries), hatched under 10 events')
    expect(svg).toMatch(/\[unknown\] frames: \d\d\.\d %/)
    const list = [...readable(svg).matchAll(/<g class="mover".*?<\/g>/gs)].map(([row]) =>
      [...row.matchAll(/>([^<]+)<\/text>/g)].map(([, text]) => text),
    )
    expect(list).toEqual([
      ['slower', '+1.95 ms/request', '×14'],
      ['same', '−750 µs/request', 'gone'],
      ['[unknown]', '+400 µs/request', '×2.3'],
    ])
    expect(svg).toContain('gone')
  })

  test('boxes that rest on few events are hatched; nothing is where their number is unknown', () => {
    const few = createProfile('samples')
    few.add(['main', 'a'], 500, 500, '1')
    few.add(['main', 'a'], 1500, 1500, '2')
    few.add(['main', 'b'], 9, 9, '1')
    const view = { base: '1', candidate: '2' }
    expect(flameSvg(few, { ...options, view, interactive: false }).match(/class="[a-z]+\d? few"/g)).toEqual([
      'class="go few"',
    ])
    const unknown = createProfile('ns')
    unknown.add(['main', 'b'], 9e6, 0, '1')
    const svg = flameSvg(unknown, { ...options, view, interactive: false })
    expect(svg).not.toMatch(/ few"/)
    expect(svg).toContain('not tested against chance')
  })

  test('every drawn box is at least a pixel wide', () => {
    const profile = createProfile('samples')
    for (let i = 0; i < 900; i++) profile.add(['main', `f${i}`, 'leaf'], 1 + (i % 50), 1, '1')
    const svg = flameSvg(profile, { ...options, interactive: false })
    const drawn = [...svg.matchAll(/<rect class="[a-z]+\d?" x="([\d.]+)" width="([\d.]+)" height="16"/g)]
    expect(drawn.length).toBeGreaterThan(100)
    // Up to 30 % of a box is the gap to its neighbour.
    for (const [, , width] of drawn) expect(Number(width)).toBeGreaterThanOrEqual(0.69)
  })
})

describe('the profile inside an SVG', () => {
  const about = { title: 't', lines: ['l'], columns: [...options.columns], view: 0, invert: false }

  test.each(['samples', 'ns'] as const)('comes back whole, all phases (%s)', (unit) => {
    fc.assert(
      fc.property(stacks, (added) => {
        const profile = profileOf(added, unit)
        const read = extractProfile(`<svg>${embedProfile(profile, about)}</svg>`)
        for (const { key } of about.columns)
          expect([...foldedLines(read.profile, key)]).toEqual([...foldedLines(profile, key)])
        expect(read.about).toEqual(about)
        expect(read.profile.unit).toBe(unit)
      }),
    )
  })

  test('weights beyond 32 bits and fractions survive', () => {
    const profile = createProfile('ns')
    profile.add(['long wait'], 9_007_199_254_740_991, 1, '1')
    expect(roundTrip(profile)).toEqual(['long wait 9007199254740991'])
    const halves = createProfile('samples')
    halves.add(['a'], 0.125, 1, '1')
    expect(roundTrip(halves)).toEqual(['a 0.125'])
  })

  test('names are made safe when a file of someone else is read', () => {
    const profile = createProfile('samples')
    profile.add(['a\u001b[2J'], 1, 1, '1')
    expect(roundTrip(profile)).toEqual(['a\\x1b[2J 1'])
  })

  test.each([
    ['an SVG of another tool', '<svg><rect/></svg>'],
    ['damaged data', '<profile xmlns="urn:probe:flame-profile:2">AAAA</profile>'],
    [
      'cut data',
      embedProfile(profileOf([{ frames: ['a'], value: 1, column: '1' }]), about).replace(
        /.{12}<\/profile>/,
        '</profile>',
      ),
    ],
  ])('%s is refused', (_, svg) => {
    expect(() => extractProfile(svg)).toThrow(expect.objectContaining({ code: 'not_our_svg' }))
  })

  function roundTrip(profile: Parameters<typeof embedProfile>[0]): string[] {
    return [...foldedLines(extractProfile(embedProfile(profile, about)).profile, '1')]
  }
})

test('the viewer is a script that can stand in CDATA', () => {
  const script = viewerScript()
  expect(script).not.toContain(']]>')
  expect(script).toMatch(/^[\u0020-\u007e\n]*$/)
  expect(() => new Function(script)).not.toThrow()
})

/** The text of a file with the characters that it writes as numbers. */
const readable = (svg: string): string => svg.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))

function expectWellFormed(svg: string, what: string): void {
  const result = spawnSync('xmllint', ['--noout', '--nonet', '-'], { input: svg, encoding: 'utf8' })
  expect(`${what}: ${result.stderr}`).toBe(`${what}: `)
}
