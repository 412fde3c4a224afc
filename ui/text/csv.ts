/** What a spreadsheet would run as a formula when a cell begins with it (source: OWASP, "CSV Injection"). */
const FORMULA = /^[=+\-@\t\r]/
const QUOTED = /[",\r\n]/

/**
 * Rows as CSV (RFC 4180): numbers as they are, unknown ones empty. Texts may come from other processes: one that a
 * spreadsheet would take for a formula gets an apostrophe before it.
 */
export function csvText(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => `${row.map(cellText).join(',')}\r\n`).join('')
}

function cellText(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : ''
  const text = FORMULA.test(value) ? `'${value}` : value
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
