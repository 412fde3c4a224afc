import { describe, expect, it } from 'vitest'
import { loadOptionsSchema } from '../../../audit/load/protocol.ts'
import { http1Bytes, prepareRequests } from '../../../audit/load/request.ts'

const bytesOf = (request: object, { url = 'http://api.example:8080/', keepAlive = true } = {}) => {
  const options = loadOptionsSchema.parse({ url, requests: [{ path: '/', ...request }] })
  const [prepared] = prepareRequests(options)
  return prepared && http1Bytes(prepared, new URL(url).host, keepAlive).toString('latin1').split('\r\n')
}

describe('a request is written', () => {
  it('with its host, and no more than it needs', () => {
    expect(bytesOf({ path: '/a?b=c' })).toEqual(['GET /a?b=c HTTP/1.1', 'host: api.example:8080', '', ''])
  })

  it('with its headers and body', () => {
    const body = Buffer.from('{"ä":1}').toString('base64')
    expect(bytesOf({ method: 'POST', headers: { 'Content-Type': 'application/json', Host: 'other' }, body })).toEqual([
      'POST / HTTP/1.1',
      'host: other',
      'content-type: application/json',
      'content-length: 8',
      '',
      Buffer.from('{"ä":1}').toString('latin1'),
    ])
  })

  it('with a length where a body could be expected', () => {
    expect(bytesOf({ method: 'PUT' })).toContain('content-length: 0')
    expect(bytesOf({ method: 'DELETE' })).not.toContain('content-length: 0')
  })

  it('with an end of the connection when each has its own', () => {
    expect(bytesOf({}, { keepAlive: false })).toContain('connection: close')
  })

  it('with what a path may not carry encoded, and what is encoded left as it is', () => {
    expect(bytesOf({ path: '/grün?q=a b%20c' })?.[0]).toBe('GET /gr%C3%BCn?q=a%20b%20c HTTP/1.1')
  })

  it('with the name and password of the url', () => {
    const authorization = `authorization: Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(bytesOf({}, { url: 'http://me:p%40ss@api.example/' })).toContain(authorization)
  })
})

describe('a request is refused', () => {
  it.each([
    ['with a header of two lines', { headers: { a: 'b\r\nc: d' } }],
    ['with a header name that is none', { headers: { 'a b': 'c' } }],
    ['with a header that the generator sets', { headers: { 'Content-Length': '5' } }],
    ['with a path that is none', { path: 'index.html' }],
    ['without weight, when it is the only one', { weight: 0 }],
  ])('%s', (_name, request) => {
    expect(() => bytesOf(request)).toThrow()
  })
})
