import os from 'node:os'
import type { Spread } from './statistics.ts'

/** One measured number; with `--json` each is a line. */
export interface Figure extends Spread {
  section: string
  /** what was measured, e.g. "node: probe syscalls" */
  what: string
  /** e.g. "server CPU per request, traced / untraced" */
  figure: string
  unit: string
}

export interface Report {
  /** a heading, with what the reader must know to believe the numbers */
  section: (name: string, explanation: string) => void
  figure: (figure: Omit<Figure, 'section'>) => void
  /** why something is not there */
  missing: (what: string, reason: string) => void
  /** ends a section's table */
  end: () => void
}

/** Tables for a person, or JSON lines for a program; the load average of the machine stands with both. */
export function createReport(json: boolean): Report {
  let current = ''
  let rows: string[][] = []
  return {
    section: (name, explanation) => {
      current = name
      rows = []
      if (!json) console.log(`\n${name}   (load average ${loadAverage()})\n  ${explanation}`)
    },
    figure: (figure) => {
      if (json) console.log(JSON.stringify({ section: current, ...figure, load_average: os.loadavg()[0] }))
      else rows.push([figure.what, figure.figure, ...cells(figure)])
    },
    missing: (what, reason) => {
      if (json) console.log(JSON.stringify({ section: current, what, missing: reason }))
      else if (current === '') console.log(`${what}: not measured: ${reason}`)
      else rows.push([what, `not measured: ${reason}`, '', ''])
    },
    end: () => {
      if (json) return
      for (const row of aligned(rows)) console.log(`  ${row}`)
      console.log(`  load average at the end ${loadAverage()}`)
    },
  }
}

const loadAverage = () =>
  os
    .loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')

const cells = ({ median, min, max, runs, unit }: Omit<Figure, 'section'>): [string, string] => [
  `${number(median)} ${unit}`.trim(),
  runs > 1 ? `(${number(min)} - ${number(max)}, ${runs} runs)` : '',
]

/** Three significant digits. */
function number(value: number): string {
  if (!Number.isFinite(value)) return '-'
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function aligned(rows: readonly string[][]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(width(2)) : cell.padEnd(width(column))))
      .join('  ')
      .trimEnd(),
  )
}
