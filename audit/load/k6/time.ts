const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** A time as k6 writes it: ms since 1970, and whether it is told in whole seconds only. Null for what is no time. */
export function parseTime(text: string): { unixMs: number; wholeSeconds: boolean } | null {
  if (/^\d{9,20}$/.test(text)) {
    // The unit stands nowhere, but a century's worth of seconds has ten digits, of ms 13, of us 16, of ns 19.
    const unitMs = text.length <= 11 ? 1000 : text.length <= 14 ? 1 : text.length <= 17 ? 1e-3 : 1e-6
    return { unixMs: Number(text) * unitMs, wholeSeconds: unitMs === 1000 }
  }
  const [, seconds, fraction = '', zone] = RFC3339.exec(text) ?? []
  const wholeMs = seconds === undefined ? Number.NaN : Date.parse(`${seconds}${zone}`)
  if (Number.isNaN(wholeMs)) return null
  return { unixMs: wholeMs + (fraction ? Number(`0${fraction}`) * 1000 : 0), wholeSeconds: fraction === '' }
}
