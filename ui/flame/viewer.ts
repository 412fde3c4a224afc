import { CHANGE_STEPS } from '../../audit/index.ts'
import { GEOMETRY } from './geometry.ts'
import { BOX_CLASS, CHANGE_LEGEND, CLASS_LEGEND } from './theme.ts'
import { VIEWER_MODEL } from './viewer-model.ts'
import { VIEWER_SCREEN } from './viewer-screen.ts'

/**
 * The script inside an SVG, ES2020 without dependencies. It reads the embedded profile and draws, of the node zoomed
 * to, the boxes that are wide enough: the same picture as the drawn boxes (test/browser holds both to it), at any width.
 * State lives in the location's hash (`view`, `node`, `search`, `order`), so every view is a link and "back" is the browser's.
 */
export const viewerScript = (): string =>
  `const FIXED=${JSON.stringify({ ...GEOMETRY, steps: CHANGE_STEPS, changes: legendOf(CHANGE_LEGEND), classes: legendOf(CLASS_LEGEND) })};(async()=>{'use strict';
${VIEWER_MODEL}${VIEWER_SCREEN}})();`

const legendOf = (legend: readonly (readonly [keyof typeof BOX_CLASS, string])[]): (readonly [string, string])[] =>
  legend.map(([kind, label]) => [BOX_CLASS[kind], label])
