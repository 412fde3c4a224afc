import { sanitizeText } from '../../../probes/index.ts'

export interface ThreadGroupName {
  /** safe to show */
  name: string
  /** position among the groups of its kind, from 1 */
  number: number
}

/** `baseline 1-4`: group, its number, the thread's number; a test over several machines puts `host:port-` in front (JMeter 3 and later). */
const THREAD_NAME = /^(?:[^ ]+?:\d+-)?(?<group>.*) (?<number>\d{1,9})-\d+$/s
const LONGEST_NAME = 80
/** The pattern takes the square of a name's length. */
const LONGEST_THREAD_NAME = 1024
/** Threads come in groups, so few names make up a file; a file that is not like that is read without this shortcut. */
const CACHE_LIMIT = 10_000

/** Reads the thread group out of thread names; null where a name is not JMeter's. Remembers names: a file repeats them. */
export function threadGroupReader(): (threadName: string) => ThreadGroupName | null {
  const known = new Map<string, ThreadGroupName | null>()
  return (threadName) => {
    const found = known.get(threadName)
    if (found !== undefined) return found
    const { group, number } = (threadName.length <= LONGEST_THREAD_NAME && THREAD_NAME.exec(threadName)?.groups) || {}
    const read =
      group === undefined ? null : { name: sanitizeText(group, { maxLength: LONGEST_NAME }), number: Number(number) }
    if (known.size >= CACHE_LIMIT) known.clear()
    known.set(threadName, read)
    return read
  }
}
