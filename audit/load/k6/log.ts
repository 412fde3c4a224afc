import { z } from 'zod'
import { hideSecrets, sanitizeText } from '../../../probes/index.ts'

/** A line of k6's log with `--log-format json`. Texts are safe to show. */
export interface K6LogLine {
  /** as the logger calls it; null: not from the logger, as the trace of a crash */
  level: string | null
  text: string
  /** the script itself speaks, by console.log */
  fromScript: boolean
}

const lineSchema = z.object({
  level: z.string(),
  msg: z.string(),
  scenario: z.string().optional(),
  source: z.string().optional(),
})
const TEXT_LIMIT = 300

type Clean = (text: string) => string

/** Reads a line of the log; null: it is empty. `clean` takes secrets out. */
export function readLogLine(line: string, clean: Clean = hideSecrets): K6LogLine | null {
  const read = lineSchema.safeParse(parse(line))
  if (!read.success) {
    const text = sanitizeText(clean(line.trim()), { maxLength: TEXT_LIMIT })
    return text === '' ? null : { level: null, text, fromScript: false }
  }
  const { level, msg, scenario, source } = read.data
  const text = scenario === undefined ? msg : `${msg} (scenario ${scenario})`
  return { level, text: sanitizeText(clean(text), { maxLength: TEXT_LIMIT }), fromScript: source === 'console' }
}

/** Remembers what k6 itself, not the script, complained about: its last error, or the first line of a crash. */
export function createComplaint(): { take(line: K6LogLine): void; text(): string | null } {
  let last: string | null = null
  let crash: string | null = null
  return {
    take: ({ level, text, fromScript }) => {
      if (level === null) crash ??= text
      else if (!fromScript && level !== 'warning' && level !== 'info' && level !== 'debug') last = text
    },
    text: () => crash ?? last,
  }
}

/** What a whole log complains about. */
export function complaintIn(log: string, clean: Clean = hideSecrets): string | null {
  const complaint = createComplaint()
  for (const text of log.split('\n')) {
    const line = readLogLine(text, clean)
    if (line) complaint.take(line)
  }
  return complaint.text()
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null // not a line of the logger: taken as it stands
  }
}
