import { describe, expect, test } from 'vitest'
import { metricFacts, metricOf } from '../../../audit/telemetry/facts.ts'
import { sources } from '../../../audit/telemetry/sources.ts'

describe('the table of facts', () => {
  test('speaks of sources that exist', () => {
    const known = new Set([...sources.map(({ name }) => name), 'netns'])
    for (const { source } of metricFacts) expect(known).toContain(source)
    for (const name of known) expect(metricFacts.map(({ source }) => source)).toContain(name)
  })

  test('names limits that are levels', () => {
    for (const { source, limit, limitSource } of metricFacts)
      if (limit !== undefined) expect(metricOf(limitSource ?? source, limit.replace('*', 'own'))?.kind).toBe('gauge')
  })

  test('has no line that an earlier one hides', () => {
    for (const [at, { source, name }] of metricFacts.entries())
      expect([source, name, metricOf(source, name.replaceAll('*', 'x'))?.rank]).toEqual([source, name, at])
  })

  test('has labels that fit the table of phases', () => {
    for (const { label, headline } of metricFacts)
      if (headline) expect(label.replace('*', 'up1').length).toBeLessThanOrEqual(30)
  })
})

describe('what a number is', () => {
  test.each([
    ['netdev', 'eth0.100.rx_dropped', { kind: 'counter', isFault: true, label: 'eth0.100 packets dropped, in' }],
    ['cgroup', 'up2.cpu.throttled_usec', { unit: 'us', label: 'cgroup up2: CPU throttled' }],
    ['cgroup', 'own.memory.current_bytes', { kind: 'gauge', limit: 'own.memory.max_bytes' }],
    ['listeners', '8080.waiting', { kind: 'gauge', label: 'accept queue, port 8080', limitSource: 'backlog' }],
    ['netns', 'TcpExt.ListenOverflows', { kind: 'counter', label: 'accept-queue overflows', isFault: true }],
  ] as const)('%s %s', (source, name, expected) => {
    expect(metricOf(source, name)).toMatchObject({ source, name, ...expected })
  })

  test('of a name that holds a replacement pattern is that name', () => {
    expect(metricOf('netdev', '$&.rx_dropped')?.label).toBe('$& packets dropped, in')
  })

  test.each([
    ['netdev', 'rx_dropped'],
    ['later', 'x'],
    ['cpu', ''],
  ])('is unknown for %s %j', (source, name) => {
    expect(metricOf(source, name)).toBeNull()
  })
})
