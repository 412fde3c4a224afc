import { DARK, LIGHT, type Palette } from '../flame/theme.ts'
import type { Tone } from './lanes.ts'

type Hues = Record<Tone, { line: string; fill: string }> & { band: string; shade: number }

const LIGHT_HUES: Hues = {
  band: '#f5f7f9',
  shade: 0.75,
  load: { line: '#3d6fa8', fill: LIGHT.boxes['u1'] ?? '' },
  wait: { line: '#b4632a', fill: LIGHT.boxes['k1'] ?? '' },
  cpu: { line: '#3f8a4a', fill: LIGHT.boxes['j1'] ?? '' },
  event: { line: '#6f5bb0', fill: '#d9d2ef' },
  bad: { line: '#c0304f', fill: '#f6d3da' },
}

const DARK_HUES: Hues = {
  band: '#1a1e25',
  shade: 0.6,
  load: { line: '#7fb0e6', fill: DARK.boxes['u0'] ?? '' },
  wait: { line: '#eba266', fill: DARK.boxes['k2'] ?? '' },
  cpu: { line: '#7fc68b', fill: DARK.boxes['j0'] ?? '' },
  event: { line: '#b3a2ee', fill: '#3e3566' },
  bad: { line: '#ff7d95', fill: '#6b2434' },
}

/** The style sheet: literal colours, as in the flame graphs; dark where the reader's system is. */
export const chartStyle = (): string => `
.pt{font-family:ui-sans-serif,system-ui,"Segoe UI","DejaVu Sans",sans-serif;font-size:12px;font-variant-numeric:tabular-nums}
.pt .title{font-size:16px;font-weight:600}
.pt .small{font-size:11px}
.pt .name{font-weight:600}
.pt .end{text-anchor:end}
.pt .axis{font-family:inherit;font-size:10px}
.pt .axis .domain{stroke:none}
.pt .curve{fill:none;stroke-width:1.25;stroke-linejoin:round}
.pt .second{stroke-width:1;stroke-opacity:.75}
.pt .limit{stroke-dasharray:4 3;stroke-width:1}
.pt .area{stroke:none}
${colours(LIGHT, LIGHT_HUES)}@media (prefers-color-scheme:dark){
${colours(DARK, DARK_HUES)}}
`

function colours({ paper, ink, quiet, line }: Palette, { band, shade, ...tones }: Hues): string {
  return [
    `.pt{background:${paper}}.pt .paper{fill:${paper}}`,
    `.pt text{fill:${ink}}.pt text.quiet,.pt .axis text{fill:${quiet}}`,
    `.pt .band{fill:${band}}.pt .plain{fill:${paper}}`,
    `.pt .rule,.pt .axis line{stroke:${line}}`,
    ...Object.entries(tones).map(
      ([tone, hue]) =>
        `.pt .${tone} .curve{stroke:${hue.line}}.pt .${tone} .area{fill:${hue.fill}}` +
        `.pt .${tone} .bars{fill:${hue.line}}`,
    ),
    `.pt .area{fill-opacity:${shade}}`,
    `.pt .strip{fill:${tones.bad.line}}.pt text.fault{fill:${tones.bad.line};font-weight:600}`,
    '',
  ].join('\n')
}
