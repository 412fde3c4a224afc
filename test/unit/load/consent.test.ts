import { describe, expect, it } from 'vitest'
import { agreeTo, consentOf, type Destination, destinationOf, mustReach } from '../../../audit/load/consent.ts'
import { ownAddresses } from '../../../probes/index.ts'
import { planWith, refusal } from '../plan/plans.ts'

const planTo = (url: string, more: object = {}) =>
  planWith({ target: { url }, preset: 'quick', peak: '100/s', ...more })

describe('what is this host', () => {
  it.each([
    ...['127.0.0.1', '127.9.9.9', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '[::]', 'localhost', 'LOCALHOST'],
    ...['2130706433', '0x7f.1', '0177.0.0.1', '127.1'],
  ])('%s', async (host) => {
    expect(await destinationOf(planTo(`http://${host}:8080/`))).toMatchObject({
      foreign: [],
      consent: { kind: 'local' },
    })
  })

  it.each([
    ['203.0.113.5', '203.0.113.5'],
    ['3405803781', '203.0.113.5'],
    ['0xcb.0.0x71.5', '203.0.113.5'],
    ['[::ffff:203.0.113.5]', '::ffff:cb00:7105'],
    ['[2001:db8::5]', '2001:db8::5'],
    ['[64:ff9b::7f00:1]', '64:ff9b::7f00:1'],
    ['255.255.255.255', '255.255.255.255'],
    ['224.0.0.1', '224.0.0.1'],
  ])('not %s', async (host, address) => {
    expect(await destinationOf(planTo(`http://${host}/`))).toMatchObject({
      foreign: [address],
      consent: { kind: 'missing' },
    })
  })

  it('every address that an interface has, and none other', async () => {
    const isOwn = (address: string) => address === '203.0.113.7'
    expect((await destinationOf(planTo('http://203.0.113.7/'), isOwn))?.foreign).toEqual([])
    expect((await destinationOf(planTo('http://203.0.113.8/'), isOwn))?.foreign).toEqual(['203.0.113.8'])
    expect(['not an address', '', '1.2.3'].map(ownAddresses())).toEqual([false, false, false])
  })

  it('is not asked where no load of ours goes anywhere', async () => {
    expect(
      await destinationOf(planWith({ load: { driver: 'none' }, phases: [{ name: 'a', duration: '1s' }] })),
    ).toBeNull()
    expect(await destinationOf(planWith({ load: { driver: 'follow', file: 'load.jmx' } }))).toBeNull()
    expect(
      await destinationOf(
        planTo('http://203.0.113.5/', { preset: undefined, load: { driver: 'k6', script: 'load.js' } }),
      ),
    ).toMatchObject({
      foreign: ['203.0.113.5'],
      peakRps: null,
    })
  })
})

describe('the consent of a plan', () => {
  const to = (foreign: readonly string[], host = 'api.test') => ({ host, port: 8080, foreign })
  it.each([
    [['api.test']],
    [['API.test.']],
    [['api.test:8080']],
    [['203.0.113.0/24', '2001:db8::/32']],
    [['203.0.113.5', '2001:db8::5']],
    [['203.0.113.5:8080', '[2001:db8::5]:8080']],
    [['elsewhere', '0.0.0.0/0', '::/0']],
  ])('%j covers a name with two addresses', (entries) => {
    expect(consentOf(to(['203.0.113.5', '2001:db8::5']), entries).kind).toBe('plan')
  })
  it.each([
    [[]],
    [['api.test:80']],
    [['203.0.113.5']],
    [['203.0.113.0/24:80']],
    [['test']],
    [['xapi.test']],
    [['2001:db8::/32']],
    [['::/0']],
  ])('%j does not', (entries) => {
    expect(consentOf(to(['203.0.113.5', '2001:db8::5']), entries).kind).toBe('missing')
  })
  it('sees through IPv4 in the form of IPv6', () => {
    expect(consentOf(to(['::ffff:cb00:7105'], '[::ffff:cb00:7105]'), ['203.0.113.5']).kind).toBe('plan')
    expect(consentOf(to(['203.0.113.5']), ['::ffff:cb00:7100/120']).kind).toBe('plan')
  })
  it.each(['a b', 'http://x/', '1.2.3.4/33', '::1/129', 'x:0', 'x:70000', '', 'a/8', '[1.2.3.4]:80'])(
    'refuses %j',
    (entry) => {
      expect(
        refusal(`target: { url: "http://h/" }\npreset: quick\npeak: 1/s\nconsent: [${JSON.stringify(entry)}]\n`),
      ).toContain('consent[0]: expected a host, an address or a network')
    },
  )
})

describe('a load that leaves this host', () => {
  const destination: Destination = {
    host: 'api.test',
    port: 8080,
    addresses: ['203.0.113.5'],
    foreign: ['203.0.113.5'],
    peakRps: 500,
    ceilingRps: 1000,
    consent: { kind: 'missing' },
  }
  it('asks, and goes with a yes, or with the plan', async () => {
    const asked: Destination[] = []
    const say = (answer: boolean) => (one: Destination) => {
      asked.push(one)
      return Promise.resolve(answer)
    }
    await agreeTo(destination, say(true))
    await agreeTo({ ...destination, consent: { kind: 'plan', entry: 'api.test' } }, null)
    await agreeTo({ ...destination, foreign: [], consent: { kind: 'local' } }, null)
    await expect(agreeTo(destination, say(false))).rejects.toMatchObject({ code: 'no_consent', exitCode: 2 })
    await expect(agreeTo(destination, null)).rejects.toMatchObject({
      message: expect.stringContaining('api.test:8080 (203.0.113.5), which is not this host'),
      fix: expect.stringContaining('consent: ["api.test"]'),
    })
    expect(asked).toEqual([destination, destination])
  })
  it('keeps its ceiling whoever agrees', async () => {
    const fast = { ...destination, peakRps: 3000, consent: { kind: 'plan', entry: 'api.test' } } as const
    await expect(agreeTo(fast, () => Promise.resolve(true))).rejects.toMatchObject({
      code: 'over_ceiling',
      exitCode: 2,
      fix: expect.stringContaining('ceiling: 3000/s'),
    })
    await agreeTo({ ...fast, ceilingRps: 3000 }, null)
  })
  it('does not reach whoever listens on that port here', () => {
    const self = { pid: process.pid, comm: 'node' }
    expect(() => mustReach(destination, self)).toThrow(/does not reach the watched listener, node \(\d+\) on port 8080/)
    expect(() => mustReach({ ...destination, foreign: [] }, self)).not.toThrow()
  })
})

describe('the ceiling of a plan', () => {
  const text = (rate: string, ceiling = '') =>
    `target: { url: "http://127.0.0.1/" }\npeak: 1000/s\n${ceiling}\nphases: [{ name: a, duration: 1s, rate: ${rate} }]\n`
  it('bounds a load on this host, too, and is raised knowingly', () => {
    expect(refusal(text('200000/s'))).toMatch(
      /ceiling: the phases ask for up to 200000\/s and the ceiling is 100000\/s.*ceiling: 200000\/s/,
    )
    expect(refusal(text('200000/s', 'ceiling: 200000/s'))).toBe('accepted')
    expect(refusal(text('100000/s'))).toBe('accepted')
    expect(refusal(text('600/s', 'ceiling: 500/s'))).toContain('the ceiling is 500/s')
  })
})
