import { describe, expect, it } from 'vitest'
import { classOf, type Expectation, outcomeOf } from '../../../audit/load/outcome.ts'

describe('an answer', () => {
  it.each<[number, string, Expectation, string]>([
    [200, '', {}, 'ok'],
    [302, '', {}, 'ok'],
    [404, '', {}, 'status'],
    [500, '', {}, 'status'],
    [404, '', { status: 404 }, 'ok'],
    [201, '', { status: 200 }, 'status'],
    [200, '{"ok":true}', { bodyIncludes: '"ok":true' }, 'ok'],
    [200, '{"ok":false}', { bodyIncludes: '"ok":true' }, 'body'],
    [500, '{"ok":true}', { bodyIncludes: '"ok":true' }, 'status'],
  ])('%i %s with %o is %s', (status, body, expectation, outcome) => {
    expect(outcomeOf(status, body, expectation)).toBe(outcome)
  })
})

describe('a transport error', () => {
  it.each([
    ['ECONNREFUSED', 'connect_refused'],
    ['ECONNRESET', 'reset'],
    ['EPIPE', 'reset'],
    ['UND_ERR_SOCKET', 'reset'],
    ['ETIMEDOUT', 'timeout'],
    ['EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
    ['EMFILE', 'EMFILE'],
    ['ENFILE', 'EMFILE'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'body'],
    ['EHOSTUNREACH', 'other'],
  ])('%s is classed %s', (code, errorClass) => {
    expect(classOf(Object.assign(new Error('failed'), { code }))).toBe(errorClass)
  })

  it('of the HTTP parser is classed body', () => {
    expect(classOf(Object.assign(new Error('no HTTP'), { name: 'HTTPParserError' }))).toBe('body')
  })

  it('without a code, or of another type, is classed other', () => {
    expect([classOf(new Error('?')), classOf('?'), classOf(null)]).toEqual(['other', 'other', 'other'])
  })
})
