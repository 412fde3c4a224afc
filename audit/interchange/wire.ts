/**
 * The wire format of protocol buffers (https://protobuf.dev/programming-guides/encoding/), as far as a profile needs it:
 * numbers and nested bytes. A message is a sequence of fields, each a key (number and kind) and a value.
 */
export interface Field {
  number: number
  /** of a number field; a bigint where it does not fit a double */
  value: number | bigint
  /** of a nested field: where its bytes are. `from` is -1 for a number */
  from: number
  to: number
}

/** The message cannot be read: it ends too early, or what should be a field is none. */
export class WireError extends Error {}

/** Calls `onField` for each field of `bytes[from, to)`; the object is the same each time. Throws `WireError`. */
export function readFields(bytes: Uint8Array, from: number, to: number, onField: (field: Field) => void): void {
  const field: Field = { number: 0, value: 0, from: -1, to: -1 }
  const cursor: Cursor = { at: from, to }
  while (cursor.at < to) {
    const key = Number(readVarint(bytes, cursor))
    field.number = Math.floor(key / 8)
    field.from = -1
    switch (key % 8) {
      case 0:
        field.value = readVarint(bytes, cursor)
        break
      case 1:
        field.value = 0
        skip(cursor, 8)
        break
      case 2: {
        const length = Number(readVarint(bytes, cursor))
        field.from = cursor.at
        skip(cursor, length)
        field.to = cursor.at
        break
      }
      case 5:
        field.value = 0
        skip(cursor, 4)
        break
      default:
        throw new WireError(`byte ${cursor.at} is not the beginning of a field`)
    }
    onField(field)
  }
}

/** The numbers of a repeated field, which come one by one or packed. */
export function readNumbers(bytes: Uint8Array, field: Field, onNumber: (value: number | bigint) => void): void {
  if (field.from < 0) onNumber(field.value)
  const cursor: Cursor = { at: field.from, to: field.to }
  while (field.from >= 0 && cursor.at < field.to) onNumber(readVarint(bytes, cursor))
}

interface Cursor {
  at: number
  to: number
}

function skip(cursor: Cursor, bytes: number): void {
  if (bytes > cursor.to - cursor.at)
    throw new WireError(`a field of ${bytes} bytes begins ${cursor.to - cursor.at} before the end`)
  cursor.at += bytes
}

/** Seven bits a byte, lowest first; at most 64 bits. */
function readVarint(bytes: Uint8Array, cursor: Cursor): number | bigint {
  let value = 0
  let unit = 1
  for (let i = 0; i < 7; i++) {
    const byte = nextByte(bytes, cursor)
    value += (byte & 127) * unit
    if (byte < 128) return value
    unit *= 128
  }
  let large = BigInt(value)
  for (let shift = 49n; shift < 70n; shift += 7n) {
    const byte = nextByte(bytes, cursor)
    large |= BigInt(byte & 127) << shift
    if (byte >= 128) continue
    const within = BigInt.asUintN(64, large)
    return within <= Number.MAX_SAFE_INTEGER ? Number(within) : within
  }
  throw new WireError(`a number of more than 64 bits ends at byte ${cursor.at}`)
}

function nextByte(bytes: Uint8Array, cursor: Cursor): number {
  if (cursor.at >= cursor.to) throw new WireError('the data ends within a number')
  return bytes[cursor.at++] ?? 0
}

/** A message that is written, field by field, in the order given. */
export interface MessageWriter {
  /** whole numbers from 0 to 2^53; 0 is not written, it is what a missing field means */
  number(field: number, value: number): void
  /** packed */
  numbers(field: number, values: readonly number[]): void
  text(field: number, value: string): void
  message(field: number, write: (nested: MessageWriter) => void): void
  bytes(): Buffer
}

export function createMessage(): MessageWriter {
  const output = createBytes()
  const nested = (field: number, content: Buffer): void => {
    output.varint(field * 8 + 2)
    output.varint(content.length)
    output.append(content)
  }
  return {
    number(field, value) {
      if (value === 0) return
      output.varint(field * 8)
      output.varint(value)
    },
    numbers(field, values) {
      const packed = createBytes()
      for (const value of values) packed.varint(value)
      nested(field, packed.bytes())
    },
    text: (field, value) => nested(field, Buffer.from(value)),
    message(field, write) {
      const inner = createMessage()
      write(inner)
      nested(field, inner.bytes())
    },
    bytes: output.bytes,
  }
}

function createBytes() {
  let buffer = Buffer.allocUnsafe(128)
  let length = 0
  const reserve = (bytes: number): void => {
    if (length + bytes <= buffer.length) return
    const wider = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + bytes))
    buffer.copy(wider, 0, 0, length)
    buffer = wider
  }
  return {
    varint(value: number): void {
      reserve(10)
      let rest = value
      for (; rest >= 128; rest = Math.floor(rest / 128)) buffer[length++] = (rest % 128) | 128
      buffer[length++] = rest
    },
    append(content: Buffer): void {
      reserve(content.length)
      content.copy(buffer, length)
      length += content.length
    },
    bytes: () => buffer.subarray(0, length),
  }
}
