import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createBodySearch } from '../../../audit/load/body-search.ts'

it('finds a text in a body however it is split, and only then', () => {
  const text = fc.stringMatching(/^[ab]{0,40}$/)
  fc.assert(
    fc.property(
      text,
      fc.stringMatching(/^[ab]{0,6}$/),
      fc.array(fc.integer({ min: 1, max: 9 })),
      (body, needle, sizes) => {
        const search = createBodySearch(Buffer.from(needle))
        const shared = Buffer.alloc(64)
        let rest = body
        for (const size of [...sizes, body.length]) {
          const length = shared.write(rest.slice(0, size))
          rest = rest.slice(size)
          search.feed(shared.subarray(0, length))
        }
        expect(search.found).toBe(body.includes(needle))
      },
    ),
    { numRuns: 2000 },
  )
})
