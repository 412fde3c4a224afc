/** How many rows stand above and below those that are shown: `↑ 3   14 more ↓`; empty when all are. */
export const moreRows = (above: number, below: number): string =>
  [above > 0 ? `↑ ${above}` : '', below > 0 ? `${below} more ↓` : ''].filter((text) => text !== '').join('   ')
