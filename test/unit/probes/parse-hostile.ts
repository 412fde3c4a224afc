// Feeds every parser of foreign text with a megabyte of what is worst for a careless one, and prints what it did. Runs as a
// program of its own, so that its CPU time can be limited: what is quadratic needs an hour, what is linear a second.
import { expandVariables, withoutSecrets } from '../../../audit/plan/secrets.ts'
import { readLine } from '../../../probes/engine/decode.ts'
import { unescapeText } from '../../../probes/engine/json.ts'
import { parseVersion } from '../../../probes/host/kernel-facts.ts'
import { parseListeners } from '../../../probes/host/listeners.ts'
import { parseNetstat } from '../../../probes/host/netns.ts'
import { parseProcessStat } from '../../../probes/host/process.ts'
import { parseKernelStack, parseSyscall } from '../../../probes/host/sleepers.ts'
import { summarizeRefusal } from '../../../probes/host/trial.ts'
import { createLineSplitter } from '../../../probes/lines.ts'
import { namesLock, refineClass } from '../../../probes/locks/lock-class.ts'
import { hideInArguments } from '../../../probes/secrets/arguments.ts'
import { secretsHider } from '../../../probes/secrets/known.ts'
import { hideSecrets } from '../../../probes/secrets/text.ts'
import { nameStack, parseFrames } from '../../../probes/symbols/frames.ts'
import { interruptEntry } from '../../../probes/symbols/interrupt.ts'
import { readableJavaName } from '../../../probes/symbols/java-name.ts'
import { parseRegions } from '../../../probes/symbols/maps.ts'
import { runtimeOf } from '../../../probes/symbols/naming-facts.ts'
import { parsePerfMap } from '../../../probes/symbols/perf-map.ts'
import { pollsForWork } from '../../../probes/symbols/waiting.ts'
import { sanitizeText } from '../../../probes/text.ts'

const BYTES = 1_000_000

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  readLine,
  'readLine of a map': (text) => readLine(`{"type":"map","data":{"@a":{${JSON.stringify(text)}:1}}}`),
  unescapeText,
  parseVersion,
  parseListeners: (text) => parseListeners(text, 'tcp'),
  parseNetstat,
  parseProcessStat,
  parseKernelStack,
  parseSyscall,
  summarizeRefusal,
  'lines of a stream': (text) => createLineSplitter(() => undefined).write(Buffer.from(text)),
  parseFrames,
  nameStack: (text) => nameStack([{ address: null, symbol: text, module: text }], [], () => text),
  interruptEntry: (text) => interruptEntry([text]),
  pollsForWork: (text) => pollsForWork([`${text}_[k]`]),
  namesLock,
  refineClass: (text) => refineClass('other', [text]),
  readableJavaName,
  parseRegions,
  'parseRegions of one path': (text) =>
    parseRegions(`1000-2000 r-xp 00000000 fe:00 12 ${text.replaceAll('\n', ' ')}\r`),
  runtimeOf: (text) => runtimeOf([text], null),
  parsePerfMap: (text) => parsePerfMap(Buffer.from(text)),
  'parsePerfMap of one name': (text) => parsePerfMap(Buffer.from(`10 8 ${text}`)).nameOf(0x10),
  sanitizeText,
  hideSecrets,
  'hideSecrets of an address': (text) => hideSecrets(`https://host/path?q=${text}`),
  secretsHider: (text) => secretsHider([text.slice(0, 8), text.slice(0, 100)])(text),
  hideInArguments: (text) => hideInArguments(['curl', '-H', text, text]),
  'expandVariables of a plan': (text) => {
    try {
      return expandVariables(text, { a: text.slice(0, 8) })
    } catch (error) {
      return error // of a variable that is not set
    }
  },
  'withoutSecrets of a plan': (text) => withoutSecrets({ target: { url: text }, load: { headers: { accept: text } } }),
}

/** What regular expressions stumble over when it comes again and again. */
const pieces = [
  ...[
    '\0',
    ' ',
    '\t',
    '\n',
    '\r',
    '\n\t',
    '\\',
    '"',
    '0',
    '9',
    'a',
    'f',
    '_',
    '(',
    ')',
    '[',
    ']',
    '+',
    '.',
    '/',
    ':',
    ',',
  ],
  ...['\u2028', '\u202e', '\u{e0041}', '\ud800', 'é', '{', '}', '{"', '[['],
  ...[
    ' (/',
    ' ([',
    '+0x',
    '0x1 ',
    '1 ',
    'a.',
    'a (',
    '::',
    '/0x0',
    '$$Lambda$1',
    '\\u00',
    '\\uffffffc3',
    'ERROR:',
    'ID=',
  ],
  // names and values in addresses, arguments and plans
  ...['?', '&a', '?a=', ';a', 'a=', '=', '@', 'a:', 'a://', 'eyJ', '-----BEGIN A-----', '${', '-e ', "'"],
  ...[
    'Mutex',
    'parking_lot',
    '__futex_abstimed_wait_common',
    'asm_sysvec_a',
    '[<0>] ',
    '0-1 --x- 0 0:0 1 ',
    '1 1 a\n',
    '0 ',
  ],
]
/** What makes an expression fail at the very end. */
const ends = ['', '\r', '!']

let calls = 0
for (const [name, parse] of Object.entries(parsers)) {
  for (const piece of pieces)
    for (const end of ends) {
      parse(piece.repeat(Math.ceil(BYTES / piece.length)) + end)
      calls++
    }
  process.stdout.write(`${name}\n`)
}
process.stdout.write(`${calls} calls\n`)
