import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { formatNamed } from '../../../audit/interchange/formats.ts'
import { createProfile } from '../../../audit/profile/build.ts'
import type { Profile } from '../../../audit/profile/profile.ts'
import { profileOf, stacks, weightsByPath } from '../profile/stacks.ts'

/** The published schema, https://www.speedscope.app/file-format-schema.json, as far as sampled profiles go; nothing else may be there. */
const index = z.number().int().nonnegative()
const fileSchema = z.strictObject({
  $schema: z.literal('https://www.speedscope.app/file-format-schema.json'),
  exporter: z.string().optional(),
  name: z.string().optional(),
  activeProfileIndex: index.optional(),
  shared: z.strictObject({
    frames: z.array(
      z.strictObject({ name: z.string(), file: z.string().optional(), line: index.optional(), col: index.optional() }),
    ),
  }),
  profiles: z.array(
    z.strictObject({
      type: z.literal('sampled'),
      name: z.string(),
      unit: z.enum(['none', 'nanoseconds', 'microseconds', 'milliseconds', 'seconds', 'bytes']),
      startValue: z.number(),
      endValue: z.number(),
      samples: z.array(z.array(index)),
      weights: z.array(z.number()),
    }),
  ),
})

const PHASES = ['1', '2', '3'].map((key) => ({ key, label: `phase ${key}` }))

function written(profile: Profile) {
  const pieces = formatNamed('speedscope').write?.(profile, {
    title: 'a "title"',
    lines: [],
    columns: PHASES,
    value: 'x',
  })
  return fileSchema.parse(JSON.parse([...(pieces ?? [])].join('')))
}

describe('speedscope', () => {
  test('keeps the published schema, and says what the profile says', () => {
    fc.assert(
      fc.property(stacks, (added) => {
        const profile = profileOf(added)
        const file = written(profile)
        const weights: Record<string, number> = {}
        for (const [at, { samples, weights: own, endValue }] of file.profiles.entries()) {
          expect(samples.length).toBe(own.length)
          expect(endValue).toBe(own.reduce((sum, weight) => sum + weight, 0))
          for (const [i, stack] of samples.entries()) {
            const frames = stack.map((id) => file.shared.frames[id])
            expect(frames).not.toContain(undefined)
            const path = frames.map((frame) => `${frame?.name}${suffixOf(frame?.file)}`)
            weights[[PHASES[at]?.key, ...path].join('\0')] = own[i] ?? 0
          }
        }
        expect(weights).toEqual(weightsByPath(profile))
      }),
    )
  })

  test('time is in nanoseconds, a number of samples in no unit', () => {
    const units = (['ns', 'samples', 'count'] as const).map((unit) => {
      const profile = createProfile(unit)
      profile.add(['main'], 1, 1, '1')
      return written(profile).profiles[0]?.unit
    })
    expect(units).toEqual(['nanoseconds', 'none', 'none'])
  })
})

const suffixOf = (file: string | undefined): string => (file === '[kernel]' ? '_[k]' : file === '[jit]' ? '_[j]' : '')
