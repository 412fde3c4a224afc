/** Sizes of the picture, px. */
export const GEOMETRY = {
  width: 1200,
  margin: 14,
  titleY: 28,
  /** distance of text lines */
  line: 17,
  /** the plot between the labels with their scale and the numbers */
  plotLeft: 252,
  plotRight: 1018,
  /** right edges of the two columns of numbers */
  medianRight: 1108,
  peakRight: 1186,
  laneGap: 18,
  phaseHead: 36,
  row: 19,
  /** advance of a character of 11 px, a guess: measuring text needs a browser */
  character: 6.1,
  /** of 12 px bold */
  boldCharacter: 7.6,
} satisfies Record<string, number>
