/** Where the parts of the screen stand, in rows from the top. Ink owns all rows but the panel's. */
export interface Layout {
  columns: number
  /** rows of the whole frame: one less than the terminal's, so that nothing ever scrolls */
  rows: number
  header: number
  tabs: number
  panel: { y: number; height: number }
  footer: number
}

/**
 * Below 80x24 the header's second line gives way, then the remark, then the header; the tabs and the panel shrink last.
 * The last line, the keys, always stays. (Lanes and tables give way inside their panels, before the header does.)
 */
export function layoutOf(terminal: { columns: number; rows: number }): Layout {
  const columns = Math.max(1, terminal.columns)
  const rows = Math.max(1, terminal.rows - 1)
  const header = rows >= 16 ? 2 : rows >= 5 ? 1 : 0
  const tabs = rows >= 4 ? 1 : 0
  const footer = rows >= 8 ? 2 : 1
  return { columns, rows, header, tabs, panel: { y: header + tabs, height: rows - header - tabs - footer }, footer }
}
