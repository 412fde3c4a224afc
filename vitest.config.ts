import { defineConfig } from 'vitest/config'

const minuteMs = 60_000

/** Suites that use the kernel, the terminal, the browser or the machine's time have it for themselves: one file at a time. */
const alone = (name: string, groupOrder: number, testTimeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    setupFiles: ['test/fuzz-seed.ts'],
    maxWorkers: 1,
    testTimeout,
    hookTimeout: testTimeout,
    sequence: { groupOrder },
  },
})

export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    projects: [
      // Order 0 is special: on a small machine vitest would put it last.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          setupFiles: ['test/fuzz-seed.ts'],
          maxWorkers: '100%',
          // A bound for what hangs, not a judgement of speed: the default of 5 s failed tests on a busy machine.
          testTimeout: minuteMs,
          hookTimeout: minuteMs,
          sequence: { groupOrder: 1 },
        },
      },
      alone('kernel', 2, 2 * minuteMs),
      alone('load', 3, minuteMs),
      alone('terminal', 4, minuteMs),
      alone('browser', 5, minuteMs),
      // Two minutes in all, of a machine of its own; `npm run fuzz` goes on for longer.
      alone('fuzz', 6, 15 * minuteMs),
    ],
  },
})
