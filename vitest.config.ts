import { defineConfig } from 'vitest/config'

const minuteMs = 60_000

/** Suites that use the kernel, the terminal, the browser or the machine's time have it for themselves: one file at a time. */
const alone = (name: string, groupOrder: number, testTimeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
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
      { test: { name: 'unit', include: ['test/unit/**/*.test.{ts,tsx}'], sequence: { groupOrder: 0 } } },
      alone('kernel', 1, 2 * minuteMs),
      alone('load', 2, minuteMs),
      alone('terminal', 3, minuteMs),
      alone('browser', 4, minuteMs),
    ],
  },
})
