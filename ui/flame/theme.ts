import type { Change, FrameClass } from '../../audit/index.ts'

/** What a box can be, as the CSS class that colours it; frame classes have three tints. */
export const BOX_CLASS: Record<FrameClass | Change | 'root' | 'folded', string> = {
  kernel: 'k',
  user: 'u',
  jit: 'j',
  unknown: 'x',
  running: 'a',
  blocked: 'b',
  ready: 'w',
  root: 'r',
  folded: 'f',
  gone: 'go',
  shrunk3: 's3',
  shrunk2: 's2',
  shrunk1: 's1',
  same: 'eq',
  grown1: 'g1',
  grown2: 'g2',
  grown3: 'g3',
  new: 'nw',
}

/** The legend of frame classes and of changes, in the order they are shown. */
export const CLASS_LEGEND: readonly (readonly [FrameClass, string])[] = [
  ['kernel', 'kernel'],
  ['user', 'user'],
  ['jit', 'JIT'],
  ['unknown', 'unknown'],
  ['running', 'on CPU'],
  ['blocked', 'blocked'],
  ['ready', 'waiting for a CPU'],
]
export const CHANGE_LEGEND: readonly (readonly [Change, string])[] = [
  ['gone', 'gone'],
  ['shrunk3', '÷3'],
  ['shrunk2', '÷1.5'],
  ['shrunk1', 'less'],
  ['same', '±10 % or chance'],
  ['grown1', 'more'],
  ['grown2', '×1.5'],
  ['grown3', '×3'],
  ['new', 'new'],
]

export interface Palette {
  paper: string
  ink: string
  quiet: string
  line: string
  match: string
  matchInk: string
  boxes: Record<string, string>
}

/** One colour where a name has no family to be told from. */
const tints = (name: string, colour: string) => ({ [`${name}0`]: colour, [`${name}1`]: colour, [`${name}2`]: colour })

export const LIGHT: Palette = {
  paper: '#ffffff',
  ink: '#1b2130',
  quiet: '#5d6778',
  line: '#d5dae2',
  match: '#7c3aed',
  matchInk: '#ffffff',
  boxes: {
    k0: '#f4c89c',
    k1: '#f7d5b3',
    k2: '#efbb88',
    u0: '#b8cfe9',
    u1: '#c8daee',
    u2: '#a9c4e3',
    j0: '#b7dcb3',
    j1: '#c7e5c4',
    j2: '#a6d1a2',
    x: '#d8dade',
    ...tints('a', '#e58a80'),
    ...tints('b', '#b9a5e0'),
    ...tints('w', '#eedb76'),
    r: '#e6e9ee',
    f: '#eef0f3',
    go: '#7cc0ba',
    s3: '#9dbde2',
    s2: '#bfd4ec',
    s1: '#dae6f4',
    eq: '#e9eaec',
    g1: '#fae0cf',
    g2: '#f6bf9f',
    g3: '#ec946b',
    nw: '#dc93c8',
  },
}

export const DARK: Palette = {
  paper: '#13161b',
  ink: '#edf0f5',
  quiet: '#9aa5b5',
  line: '#343b47',
  match: '#a78bfa',
  matchInk: '#15101f',
  boxes: {
    k0: '#7d4c22',
    k1: '#8b572a',
    k2: '#6e421d',
    u0: '#2f4f78',
    u1: '#395b87',
    u2: '#28456b',
    j0: '#2c5c39',
    j1: '#356943',
    j2: '#254f31',
    x: '#454a53',
    ...tints('a', '#8e3d36'),
    ...tints('b', '#55427f'),
    ...tints('w', '#70621c'),
    r: '#2b3039',
    f: '#20242b',
    go: '#1d6661',
    s3: '#2a4f7e',
    s2: '#294466',
    s1: '#2a3a50',
    eq: '#33373e',
    g1: '#503a30',
    g2: '#74452c',
    g3: '#9a4a24',
    nw: '#873a74',
  },
}

/** Boxes of a difference that rest on so few events are hatched. */
export const FEW_EVENTS = 10
const CHANGE_CLASSES = CHANGE_LEGEND.map(([change]) => BOX_CLASS[change])

/** A hatched pattern for each colour of a difference. */
export const hatchPatterns = (): string =>
  `<defs>${CHANGE_CLASSES.map(
    (name) =>
      `<pattern id="pf-${name}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
      `<rect class="${name}" width="5" height="5"/><path class="hatch" d="M1 0V5"/></pattern>`,
  ).join('')}</defs>\n`

/** The style sheet: literal colours (renderers outside browsers know no variables), dark where the reader's system is. */
export const flameStyle = (): string => `
.pf{font-family:ui-sans-serif,system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px}
.pf .boxes text{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:11px;pointer-events:none}
.pf .mono{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:11px}
.pf .title{font-size:16px;font-weight:600}.pf .strong{font-weight:600}
.pf .small{font-size:11px}
.pf .end{text-anchor:end}.pf .mid{text-anchor:middle}
.pf .link{cursor:pointer}.pf .boxes{touch-action:manipulation;outline:none}.pf .boxes .link:hover rect{opacity:.75}
.pf .above rect{opacity:.5}.pf .dim rect,.pf path.dim{opacity:.45}
.pf .hover{fill-opacity:0}.pf .link:hover>.hover,.pf .link:focus>.hover{fill-opacity:1}
.pf [role]{outline:none}.pf .pill,.pf .tool rect,.pf .chip rect{stroke-width:1}
.pf{overflow:visible}.pf .sheet{filter:drop-shadow(0 4px 14px rgba(0,0,0,.28))}
${CHANGE_CLASSES.map((name) => `.pf .few.${name}{fill:url(#pf-${name})}`).join('')}
${colours(LIGHT)}@media screen and (prefers-color-scheme:dark){
${colours(DARK)}}
@media print{.pf{print-color-adjust:exact;-webkit-print-color-adjust:exact}.pf .controls,.pf .card{display:none}}
`

function colours({ paper, ink, quiet, line, match, matchInk, boxes }: Palette): string {
  const fills = Object.entries(boxes).map(([name, colour]) => `.pf .${name}{fill:${colour}}`)
  return [
    `.pf{background:${paper}}.pf .paper{fill:${paper}}`,
    `.pf text{fill:${ink}}`,
    `.pf text.quiet{fill:${quiet}}`,
    `.pf .rule{stroke:${line}}.pf .hatch{stroke:${quiet};stroke-width:1}`,
    `.pf .pill{fill:none;stroke:${line}}.pf .on .pill{fill:${ink};stroke:none}.pf .on .pill+text{fill:${paper}}.pf .base.on .pill{fill:${quiet}}.pf .none.on .pill{fill:${line}}.pf .none.on .pill+text{fill:${ink}}`,
    `.pf .tool rect,.pf .chip rect{fill:${paper};stroke:${line}}.pf .tool .key{fill:${quiet}}.pf .tool.on rect,.pf .tool:hover rect,.pf .chip rect{fill:${line}}`,
    `.pf .sheet{fill:${paper};stroke:${line}}.pf .hover{fill:${line}}`,
    `.pf .pivot rect{stroke:${quiet}}.pf .sel rect{stroke:${ink};stroke-width:1.6}.pf [role=button]:focus-visible rect{stroke:${match};stroke-width:2}`,
    ...fills,
    `.pf .match rect,.pf path.match{fill:${match}}.pf .match text{fill:${matchInk}}`,
    `.pf .field{box-sizing:border-box;width:100%;height:100%;padding:0 9px;border:1px solid ${line};border-radius:6px;` +
      `background:${paper};color:${ink};font:inherit}`,
    '',
  ].join('\n')
}
