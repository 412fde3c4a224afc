import type { Random } from './random.ts'

/** Numbers at which code goes wrong: edges of what a double, 32 and 64 bits hold, and what is none. */
export const NUMBERS: readonly number[] = [
  ...[0, -0, 1, -1, 2, 1.5, 0.1, 255, 256, 65_535, 65_536],
  ...[2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -(2 ** 31), -(2 ** 32)],
  ...[2 ** 53 - 1, 2 ** 53, -(2 ** 53) + 1, 2 ** 63, 2 ** 64, -(2 ** 63)],
  ...[1e15, 1e16, 1e21, 1e300, 1e308, -1e308, 1e-300, 5e-324],
]

/** Texts at which code goes wrong, or a reader is deceived. */
export const TEXTS: readonly string[] = [
  ...['', ' ', '\0', '\r', '\t', '-', '.', ',', ';', ':', '"', "'", '\\', '%', '%00', '$', `$${'{a}'}`, '{{a}}'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'length',
    'null',
    'undefined',
    'NaN',
    'Infinity',
    '-Infinity',
  ],
  ...['-1', '1e309', '0x10', '1e400', '9'.repeat(400), '00', '+1', '1_000', '٣', '1,5'],
  ...[
    '\u001b[31m',
    '\u001b]52;c;AAAA\u0007',
    '\u009b1m',
    '\u202e',
    '\u2066',
    '\u200b',
    '\u2028',
    '\ufeff',
    '\ud800',
    '\u{e0041}',
  ],
  ...[
    '<script>alert(1)</script>',
    ']]>',
    '<![CDATA[',
    '&amp;',
    '&#0;',
    '&a;',
    '<!--',
    '-->',
    '=1+1',
    '@a',
    '../../a',
    '/etc/passwd',
  ],
  ...[
    'a'.repeat(5_000),
    'a;'.repeat(3_000),
    ' '.repeat(5_000),
    '('.repeat(3_000),
    '['.repeat(3_000),
    '{"a":'.repeat(3_000),
    '语'.repeat(500),
    '😀',
  ],
]

const WORDS: readonly string[] = [...TEXTS, ...NUMBERS.map(String)]

/** Bytes flipped, set, cut, doubled, moved; numbers of 8 bytes where there may have been some. */
export function mutateBytes(random: Random, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes)
  for (let times = 1 + random.int(8); times > 0 && result.length > 0; times--)
    result = bytesOnce(random, result, random.int(result.length))
  return result
}

function bytesOnce(random: Random, bytes: Buffer<ArrayBuffer>, at: number): Buffer<ArrayBuffer> {
  const part = (most: number) => random.int(Math.min(most, bytes.length - at))
  const spliced = (upTo: number, inserted: Uint8Array) =>
    Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(upTo)])
  switch (random.int(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8))
      return bytes
    case 1:
      bytes[at] = random.pick([0, 1, 0x0a, 0x20, 0x22, 0x3b, 0x3c, 0x7f, 0x80, 0xff, random.int(256)])
      return bytes
    case 2:
      return spliced(at + part(64), Buffer.alloc(0))
    case 3:
      return spliced(at, Buffer.from(bytes.subarray(at, at + part(256))))
    case 4:
      return random.chance(0.3) ? Buffer.from(bytes.subarray(0, at)) : bytes
    case 5:
      return spliced(at, Buffer.from(random.pick(WORDS)))
    case 6: {
      const value = BigInt.asUintN(64, BigInt(Math.trunc(random.pick(NUMBERS.filter((one) => Math.abs(one) < 1e20)))))
      if (at + 8 <= bytes.length) bytes.writeBigUInt64LE(value, at)
      return bytes
    }
    default:
      bytes.copy(bytes, random.int(bytes.length), at, at + part(128))
      return bytes
  }
}

/** Lines dropped, doubled, exchanged, made long; words of them replaced by others that may stand there, or may not. */
export function mutateLines(random: Random, text: string, words: readonly string[] = []): Buffer {
  const lines = text.split('\n')
  // Half of what is inserted is of the format itself.
  const word = () => (words.length > 0 && random.chance(0.5) ? random.pick(words) : random.pick(WORDS))
  for (let times = 1 + random.int(5); times > 0; times--) {
    const at = random.int(lines.length)
    const line = lines[at] ?? ''
    const other = random.int(lines.length)
    switch (random.int(8)) {
      case 0:
        lines.splice(at, 1)
        break
      case 1:
        lines.splice(at, 0, lines[other] ?? '')
        break
      case 2:
        lines[at] = word()
        break
      case 3: {
        const parts = line.split(/([\s,;:"'<>=/()]+)/)
        parts[random.int(parts.length)] = word()
        lines[at] = parts.join('')
        break
      }
      case 4:
        lines[at] = random.chance(0.5) ? line + word() : word() + line
        break
      case 5:
        lines[at] = line.repeat(1 + random.int(40))
        break
      case 6:
        lines[at] = lines[other] ?? ''
        lines[other] = line
        break
      default:
        // A number of it.
        lines[at] = line.replace(/-?\d+(\.\d+)?/, () => String(random.pick(NUMBERS)))
    }
  }
  const bytes = Buffer.from(lines.join('\n'))
  return random.chance(0.2) ? mutateBytes(random, bytes) : bytes
}

/** Some values of a JSON value replaced, dropped, doubled, named otherwise, made large or small. */
export function mutateJson<T>(random: Random, value: T): T {
  const copy = structuredClone(value)
  const places = placesIn(copy)
  for (let times = 1 + random.int(3); times > 0 && places.length > 0; times--) {
    const { of, key } = random.pick(places)
    changeValue(random, of, key)
  }
  return copy
}

type Holder = Record<string | number, unknown>

function placesIn(root: unknown): { of: Holder; key: string | number }[] {
  const places: { of: Holder; key: string | number }[] = []
  const open: unknown[] = [root]
  for (let value = open.pop(); value !== undefined && places.length < 4_000; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue
    const of = value as Holder
    for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
      places.push({ of, key })
      open.push(of[key] ?? null)
    }
  }
  return places
}

function changeValue(random: Random, of: Holder, key: string | number): void {
  const value = of[key]
  switch (random.int(9)) {
    case 0:
    case 1:
      of[key] = random.pick(NUMBERS)
      break
    case 2:
      of[key] = random.pick(TEXTS)
      break
    case 3:
      of[key] = random.pick<unknown>([null, [], {}, true, [[]], [null], { a: 1 }])
      break
    case 4:
      if (Array.isArray(of)) of.splice(Number(key), 1)
      else delete of[key]
      break
    case 5:
      if (Array.isArray(of)) of.push(structuredClone(value))
      else
        Object.defineProperty(of, random.pick(TEXTS), {
          value: structuredClone(value),
          ...{ enumerable: true, configurable: true, writable: true },
        })
      break
    case 6:
      if (typeof value === 'number') of[key] = value * random.pick([-1, 2, 0.001, 1e3, 1e6, 1e12, 1e300])
      break
    case 7:
      if (typeof value === 'string') of[key] = value + random.pick(TEXTS)
      break
    default:
      if (Array.isArray(value) && value.length > 0)
        of[key] = Array.from({ length: 1 + random.int(2_000) }, (_, i) => value[i % value.length])
  }
}
