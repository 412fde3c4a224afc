const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
}

/** The patterns below take the square of a text's length. */
const LONGEST = 2048

/**
 * Length of an Open Model Thread Group's schedule (JMeter 5.5): the sum of its arrivals and pauses, ms; null when part of it
 * is not understood. `rate(10/s) random_arrivals(1 min) pause(5 s)` lasts 65 s.
 */
export function openModelDurationMs(schedule: string): number | null {
  if (schedule.length > LONGEST) return null
  const text = schedule.replace(/\/\*.*?\*\//gs, ' ').replace(/\/\/.*$/gm, ' ')
  let totalMs = 0
  let steps = 0
  const left = text.replace(/(\w+)\s*\(([^()]*)\)/g, (_whole, name: string, argument: string) => {
    if (name === 'rate') return ''
    const ms = name === 'random_arrivals' || name === 'even_arrivals' || name === 'pause' ? lengthMs(argument) : null
    totalMs += ms ?? Number.NaN
    steps++
    return ''
  })
  return steps > 0 && left.trim() === '' && Number.isFinite(totalMs) ? totalMs : null
}

function lengthMs(text: string): number | null {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)\s*/gi)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text.trim()) return null
  const lengths = parts.map(([, value, unit = '']) => Number(value) * (UNITS_MS[unit.toLowerCase()] ?? Number.NaN))
  const sum = lengths.reduce((total, ms) => total + ms, 0)
  return Number.isFinite(sum) ? sum : null
}
