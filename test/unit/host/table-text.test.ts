import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTableText } from '../../../probes/host/table-text.ts'
import { fileWith } from '../interchange/files.ts'

const lines = fc.array(fc.string({ unit: fc.constantFrom('a', ' ', '9') }), { maxLength: 8 })

test('lines are handed on whole and all of them, however little is read at once', () => {
  const path = fileWith('')
  fc.assert(
    fc.property(lines, fc.boolean(), fc.integer({ min: 1, max: 9 }), (wanted, isEnded, atOnce) => {
      const text = wanted.join('\n') + (isEnded ? '\n' : '')
      writeFileSync(path, text)
      const blocks: string[] = []
      const end = readTableText(path, { most: 1000, atOnce }, (block) => blocks.push(block) > 0)
      expect(end).toBe('whole')
      expect(blocks.join('')).toBe(text)
      expect(blocks.slice(0, -1).every((block) => block.endsWith('\n'))).toBe(true)
    }),
  )
})

test('reading stops where it is told to, at the limit, and where there is nothing', () => {
  const path = fileWith('1\n2\n3\n')
  const seen: string[] = []
  const until = (last: string) => (block: string) => {
    seen.push(block)
    return block !== last
  }
  expect(readTableText(path, { most: 100, atOnce: 2 }, until('2\n'))).toBe('stopped')
  expect(readTableText(path, { most: 3, atOnce: 2 }, until(''))).toBe('cut')
  expect(seen).toEqual(['1\n', '2\n', '1\n'])
  expect(readTableText('/proc/0/net/tcp', { most: 100 }, () => true)).toBeNull()
})
