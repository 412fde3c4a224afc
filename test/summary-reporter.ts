import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Ends every run with what was skipped and why, and one line that any CI can read: `N passed, N failed, N skipped`. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    process.stdout.write(summary(modules.map(factsOf), unhandled.length))
  }
}

export interface ModuleFacts {
  /** errors outside of tests: the file did not load, a hook failed */
  errors: number
  tests: { name: string; state: 'passed' | 'failed' | 'skipped' | 'pending'; reason?: string }[]
}

/** The closing lines. A test that never ran, and an error outside of any test, count as failed: nothing is lost silently. */
export function summary(modules: readonly ModuleFacts[], unhandled: number): string {
  const tests = modules.flatMap((module) => module.tests)
  const count = (state: string) => tests.filter((test) => test.state === state).length
  const failed =
    count('failed') + count('pending') + modules.reduce((sum, module) => sum + module.errors, 0) + unhandled
  const skipped = tests.filter((test) => test.state === 'skipped')
  const lines = [...groupBy(skipped, (test) => test.reason ?? 'no reason given')].map(
    ([reason, group]) => `skipped (${reason}):\n${group.map((test) => `  ${test.name}\n`).join('')}`,
  )
  return `\n${lines.join('')}${count('passed')} passed, ${failed} failed, ${skipped.length} skipped\n`
}

function factsOf(module: TestModule): ModuleFacts {
  const suiteErrors = [...module.children.allSuites()].reduce((sum, suite) => sum + suite.errors().length, 0)
  return {
    errors: module.errors().length + suiteErrors,
    tests: [...module.children.allTests()].map((test) => ({
      name: `${module.relativeModuleId} > ${test.fullName.replace(/\s+/g, ' ')}`,
      state: test.result().state,
      ...reasonOf(test),
    })),
  }
}

function reasonOf(test: TestCase): { reason?: string } {
  const result = test.result()
  if (result.state !== 'skipped') return {}
  if (result.note) return { reason: result.note }
  return setUpFailed(test.parent) ? { reason: 'its set-up failed' } : {}
}

function setUpFailed(parent: TestCase['parent']): boolean {
  return parent.errors().length > 0 || (parent.type === 'suite' && setUpFailed(parent.parent))
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}
