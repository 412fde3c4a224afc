import { CHANGE_STEPS, FALSE_DISCOVERIES, LIMITS, STATE_FRAMES } from '../../../audit/index.ts'
import { GEOMETRY } from '../geometry.ts'
import { MEANING, WEIGHTS, WIDTHS } from '../meaning.ts'
import { BOX_CLASS, CHANGE_LEGEND, CLASS_LEGEND, FEW_EVENTS } from '../theme.ts'
import { VIEWER_CARDS } from './cards.ts'
import { VIEWER_DATA } from './data.ts'
import { VIEWER_DRAW } from './draw.ts'
import { VIEWER_HEAD } from './head.ts'
import { VIEWER_INPUT } from './input.ts'
import { KEYS, POINTING } from './keys.ts'
import { VIEWER_MOVERS } from './movers.ts'
import { VIEWER_PATTERN } from './pattern.ts'
import { VIEWER_SEARCH } from './search.ts'
import { VIEWER_SIGNIFICANCE } from './significance.ts'
import { VIEWER_STATE } from './state.ts'
import { VIEWER_TREES } from './trees.ts'
import { VIEWER_WORDS } from './words.ts'

/**
 * The script inside an SVG, ES2020 without dependencies. It reads the embedded profile and draws, of the node zoomed
 * to, the boxes that are wide enough: the same picture as the drawn boxes (test/browser holds both to it), at any width.
 * State lives in the location's hash, so every view is a link and "back" is the browser's.
 */
export const viewerScript = (): string =>
  inAscii(`(async()=>{'use strict';const FIXED=${JSON.stringify(FIXED)};
${PARTS.map(withoutComments).join('')}})();`)

const PARTS = [
  VIEWER_DATA,
  VIEWER_TREES,
  VIEWER_SIGNIFICANCE,
  VIEWER_STATE,
  VIEWER_WORDS,
  VIEWER_PATTERN,
  VIEWER_SEARCH,
  VIEWER_DRAW,
  VIEWER_HEAD,
  VIEWER_MOVERS,
  VIEWER_CARDS,
  VIEWER_INPUT,
]

/** Comments and indentation stay here: a file carries what it needs. No text of the script spans lines. */
const withoutComments = (part: string): string => part.replace(/^ *(\/\/|\/\*\*).*\n/gm, '').replace(/^ +/gm, '')

/** As all of the file (../xml.ts); none of the script's characters needs two units. */
const inAscii = (script: string): string =>
  script.replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const legendOf = (legend: readonly (readonly [keyof typeof BOX_CLASS, string])[]): (readonly [string, string])[] =>
  legend.map(([kind, label]) => [BOX_CLASS[kind], label])

const FIXED = {
  ...GEOMETRY,
  steps: CHANGE_STEPS,
  few: FEW_EVENTS,
  explained: 0.9,
  falseDiscoveries: FALSE_DISCOVERIES,
  changes: legendOf(CHANGE_LEGEND),
  classes: legendOf(CLASS_LEGEND),
  states: Object.fromEntries([...STATE_FRAMES].map(([name, kind]) => [name, BOX_CLASS[kind]])),
  meaning: MEANING,
  weights: WEIGHTS,
  widths: WIDTHS,
  keys: KEYS,
  pointing: POINTING,
  limits: Object.fromEntries(
    (['svgUnpacked', 'svgRatio', 'unpackedFloor', 'places', 'phases', 'cells', 'frames', 'depthOfStack'] as const).map(
      (name) => [name, LIMITS[name].most],
    ),
  ),
}
