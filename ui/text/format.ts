import type { Figure } from '../../probes/index.ts'

/** What stands where a number is not known. Never 0: zero is a measurement. */
export const UNKNOWN = '–'

/** Formats a figure's value in its own unit: `21.0 ms`, `4.81 k/s`, `88.1`, `0.02 %`. */
export function formatFigure(figure: Pick<Figure, 'value' | 'unit'>): string {
  return formatUnit(figure.value, figure.unit)
}

export function formatUnit(value: number | null | undefined, unit: Figure['unit']): string {
  switch (unit) {
    case 'ns':
    case 'ns_per_request':
      return formatNs(value)
    case 'count':
      return formatCount(value)
    case 'per_s':
      return formatRate(value)
    case 'per_request':
      return formatCount(value)
    case 'percent':
      return formatPercent(value)
  }
}

/** The same with counts to the last digit: for text that is read once, and compared with what others counted. */
export const formatExact = (value: number | null | undefined, unit: Figure['unit']): string =>
  unit === 'count' && isNumber(value) && Number.isInteger(value) ? String(value) : formatUnit(value, unit)

/** A duration in ns, three significant digits: `0.41 µs`, `38.0 ms`, `2.10 s`, `4.20 h`. */
export function formatNs(ns: number | null | undefined): string {
  if (!isNumber(ns)) return UNKNOWN
  if (ns === 0) return '0'
  const value = roundTo3(ns)
  const size = Math.abs(value)
  if (size >= 6e12) return `${three(value / 3.6e12)} h`
  if (size >= 1e12) return `${three(value / 6e10)} min`
  if (size >= 1e9) return `${three(value / 1e9)} s`
  if (size >= 1e6) return `${three(value / 1e6)} ms`
  return `${three(value / 1e3)} µs`
}

export const formatMs = (ms: number | null | undefined): string => formatNs(isNumber(ms) ? ms * 1e6 : null)

/** A number of things: whole below 1000, then `12.5 k`, `3.20 M`, `1.00 G`. */
export function formatCount(count: number | null | undefined): string {
  if (!isNumber(count)) return UNKNOWN
  if (Number.isInteger(count) && Math.abs(count) < 1000) return String(count)
  return scaled(count, 1000, ['', ' k', ' M', ' G', ' T'])
}

/** A rate per second: `4.81 k/s`. */
export function formatRate(rate: number | null | undefined): string {
  return isNumber(rate) ? `${formatCount(rate)}/s` : UNKNOWN
}

/** A size in bytes: `310 KiB`. */
export function formatBytes(bytes: number | null | undefined): string {
  return isNumber(bytes) ? scaled(bytes, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']) : UNKNOWN
}

/** A share given in percent: `0.02 %`, `31.0 %`; a trace that is not zero is never shown as zero. */
export function formatPercent(percent: number | null | undefined): string {
  if (!isNumber(percent)) return UNKNOWN
  if (percent === 0) return '0 %'
  if (Math.abs(percent) < 0.01) return percent < 0 ? '>-0.01 %' : '<0.01 %'
  const digits = Math.abs(percent) < 10 ? 2 : Math.abs(percent) < 99.95 ? 1 : 0
  return `${percent.toFixed(digits)} %`
}

/** A share of one as whole percent, where more would claim too much: `76 %`. */
export const wholePercent = (share: number): string => `${Math.round(share * 100)} %`

/** How many times a value grew or shrank: `×52`, `×0.40`. */
export function formatRatio(ratio: number): string {
  if (ratio > 999) return '>×999'
  return ratio >= 10 ? `×${Math.round(ratio)}` : ratio >= 1 ? `×${ratio.toFixed(1)}` : `×${ratio.toFixed(2)}`
}

/** A span in us as a clock shows it: `06:12`, `1:06:12`. */
export function formatClock(us: number): string {
  const seconds = Math.max(0, Math.floor(us / 1e6))
  const two = (n: number) => String(n).padStart(2, '0')
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return seconds < 3600 ? clock : `${Math.floor(seconds / 3600)}:${clock}`
}

/** Text at the right of `width` columns; cut with `…` when longer. */
export const right = (text: string, width: number): string => clip(text, width).padStart(width)
/** Text at the left of `width` columns; cut with `…` when longer. */
export const left = (text: string, width: number): string => clip(text, width).padEnd(width)

/** Cuts to `width` columns; every glyph of ours is one column wide. */
export function clip(text: string, width: number): string {
  if (text.length <= width) return text
  return width < 1 ? '' : `${text.slice(0, width - 1)}…`
}

const isNumber = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && Number.isFinite(value)

// Rounded before the unit is chosen, so that 999.7 µs is 1.00 ms and not 1000 µs.
const roundTo3 = (value: number): number => Number(value.toPrecision(3))

function scaled(value: number, base: number, units: readonly string[]): string {
  let rest = value
  let unit = 0
  while (Math.abs(roundTo3(rest)) >= 1000 && unit < units.length - 1) {
    rest /= base
    unit++
  }
  const text = unit === 0 && Number.isInteger(value) ? String(value) : three(rest)
  return `${text}${units[unit]}`
}

/** Three significant digits, at most three decimals. */
function three(value: number): string {
  const size = Math.abs(roundTo3(value))
  if (size >= 100) return String(Math.round(value))
  if (size >= 10) return value.toFixed(1)
  if (size >= 1) return value.toFixed(2)
  if (size < 0.001) return value < 0 ? '>-0.001' : '<0.001'
  return value.toFixed(size < 0.0995 ? 3 : 2)
}
