import { describe, expect, it } from 'vitest'
import { classOf, outcomeOf } from '../../../audit/load/outcome.ts'

describe('an answer', () => {
  it.each<[number, number[], boolean, string]>([
    [200, [], true, 'ok'],
    [302, [], true, 'ok'],
    [404, [], true, 'status'],
    [500, [], true, 'status'],
    [404, [404], true, 'ok'],
    [201, [200], true, 'status'],
    [201, [200, 201], true, 'ok'],
    [302, [200], true, 'status'],
    [200, [], false, 'body'],
    [500, [], false, 'status'],
  ])('%i, where %o is right and the body %s, is %s', (status, expected, bodyIsRight, outcome) => {
    expect(outcomeOf(status, expected, bodyIsRight)).toBe(outcome)
  })
})

describe('a transport error', () => {
  it.each([
    ['ECONNREFUSED', 'connect_refused'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['ERR_HTTP2_STREAM_ERROR', 'reset'],
    ['ETIMEDOUT', 'timeout'],
    ['EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
    ['EMFILE', 'EMFILE'],
    ['ENFILE', 'EMFILE'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
    ['EPROTO', 'tls'],
    ['EHOSTUNREACH', 'other'],
  ])('%s is classed %s', (code, errorClass) => {
    expect(classOf(Object.assign(new Error('failed'), { code }))).toBe(errorClass)
  })

  it('without a code, or of another type, is classed other', () => {
    expect([classOf(new Error('?')), classOf('?'), classOf(null)]).toEqual(['other', 'other', 'other'])
  })
})
