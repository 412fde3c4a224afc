import { demoFaults, startDemoTarget } from '../../fixtures/targets/start.ts'
import { type AuditOptions, type AuditOutcome, runAudit } from './audit.ts'

/** `probe audit --demo`: our own API with known faults, our own load, five phases; ends by itself in about a minute. */
export async function runDemo(options: Omit<AuditOptions, 'plan' | 'onPhase'>): Promise<AuditOutcome> {
  const api = await startDemoTarget()
  try {
    // With it comes all that reads plans; who attaches needs none of that.
    const { demoPlan } = await import('../plan/demo.ts')
    const plan = demoPlan({ url: `http://127.0.0.1:${api.port}/`, pid: api.pid })
    return await runAudit({ ...options, plan, onPhase: (name) => api.setFaults(demoFaults[name] ?? {}) })
  } finally {
    await api.stop()
  }
}
