import { expect, it } from 'vitest'
import { outcomeOfK6 } from '../../../audit/load/k6/outcome.ts'

it.each([
  ['200', '', '', 'true', 'ok'],
  ['404', '1404', '', 'true', 'ok'],
  ['404', '1404', '', 'false', 'status'],
  ['503', '1503', '', 'false', 'status'],
  ['302', '', '', 'false', 'status'],
  ['200', '', '', '', 'ok'],
  ['500', '', '', '', 'status'],
  ['0', '1000', 'EOF', 'false', 'other'],
  ['0', '1050', 'request timeout', 'false', 'timeout'],
  ['0', '1101', 'lookup: no such host', 'false', 'other'],
  ['0', '1201', 'write: broken pipe', 'false', 'reset'],
  ['0', '1211', 'dial: i/o timeout', 'false', 'timeout'],
  ['0', '1212', 'dial: connection refused', 'false', 'connect_refused'],
  ['0', '1213', 'dial: unknown errno 99 error with msg `cannot assign requested address`', 'false', 'EADDRNOTAVAIL'],
  ['0', '1213', 'dial: unknown errno 24 error with msg `too many open files`', 'false', 'EMFILE'],
  ['0', '1213', 'dial: unknown errno 113 error with msg `no route to host`', 'false', 'other'],
  ['0', '1202', 'write: unknown errno `99` on linux with message `...`', 'false', 'EADDRNOTAVAIL'],
  ['0', '1220', 'read: connection reset by peer', 'false', 'reset'],
  ['0', '1310', 'x509: unknown authority', 'false', 'other'],
  ['0', '1631', 'http2: stream error', 'false', 'other'],
  ['200', '1701', 'decompression', 'false', 'body'],
  ['0', '', 'dial: something', 'false', 'other'],
])('status %s, code %s, error %j, expected %j is %s', (status, errorCode, error, expected, outcome) => {
  expect(outcomeOfK6({ status, errorCode, error, expected })).toBe(outcome)
})
