/** Sizes of the picture in px, the same for the drawn boxes and the viewer that redraws them. */
export const GEOMETRY = {
  width: 1200,
  margin: 14,
  titleY: 28,
  /** distance of text lines above the boxes */
  line: 17,
  row: 17,
  boxHeight: 16,
  /** advance of a character of the boxes' 11 px monospace; a guess that spares measuring (which is what makes others slow) */
  character: 6.63,
  /** narrower boxes carry no text */
  minTextWidth: 30,
  /** the list of what changed most, beside the boxes in pictures of at least that width */
  panel: 340,
  panelGap: 22,
  besideFrom: 900,
  /** rows of that list in a narrow or a still picture */
  movers: 10,
  moverRow: 18,
} as const
