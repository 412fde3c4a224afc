import { completePlan, type PlanContext } from '../../../audit/plan/complete.ts'
import { documentOf } from '../../../audit/plan/document.ts'
import { PlanError } from '../../../audit/plan/error.ts'
import type { Plan } from '../../../audit/plan/plan.ts'
import { parsePlan } from '../../../audit/plan/read.ts'

/** The least plan that runs. */
export const least = `target: { url: "http://127.0.0.1:8080/" }
peak: 1000/s
preset: quick
`

export const files: Readonly<Record<string, string>> = {
  '/plans/order.json': '{"id":1}',
  '/plans/ca.pem': '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
  '/plans/load.js': 'export default () => {}',
  '/plans/load.jmx': '<jmeterTestPlan/>',
}

export const context = (over: Partial<PlanContext> = {}): PlanContext => ({
  path: '/plans/plan.yaml',
  env: { TOKEN: 's3cr3t', EMPTY: '', LINES: 'a\r\nb: c' },
  readFile: (path) => {
    const text = files[path]
    if (text === undefined) throw new Error('no such file')
    return Buffer.from(text)
  },
  probeNames: ['accept-queue', 'syscalls', 'off-cpu', 'locks', 'retransmits', 'on-cpu'],
  ...over,
})

export const plan = (text: string, over: Partial<PlanContext> = {}): Plan => parsePlan(text, context(over))

/** A plan of the least one and more. */
export const planWith = (more: object, over: Partial<PlanContext> = {}): Plan =>
  completePlan(documentOf({ target: { url: 'http://127.0.0.1:8080/' }, peak: '1000/s', ...more }), context(over))

/** The message that a plan is refused with. */
export function refusal(text: string, over: Partial<PlanContext> = {}): string {
  try {
    parsePlan(text, context({ path: 'plan.yaml', ...over }))
  } catch (error) {
    if (error instanceof PlanError) return error.message
    throw error
  }
  return 'accepted'
}
