import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

/** `status` counts up: 4 paused before the start, 5 started, 6 in setup(), 7 scenarios run, 8 in teardown(), 9 ended. */
const statusSchema = z.object({
  data: z.object({ attributes: z.object({ status: z.number(), paused: z.boolean(), stopped: z.boolean() }) }),
})
export type K6Status = z.output<typeof statusSchema>['data']['attributes']
export const PAUSED = 4
export const RUNNING = 7

const ANSWER_BOUND_MS = 2_000

export interface K6Rest {
  /** null: nobody answers */
  status(): Promise<K6Status | null>
  /** false: it was not heard */
  change(attributes: { paused: false } | { stopped: true }): Promise<boolean>
}

/** k6's REST API at `host:port`. */
export function restOf(address: string): K6Rest {
  const ask = async (init: RequestInit): Promise<Response | null> => {
    try {
      return await fetch(`http://${address}/v1/status`, { ...init, signal: AbortSignal.timeout(ANSWER_BOUND_MS) })
    } catch {
      return null // not listening yet, or no longer: the caller looks at the process
    }
  }
  return {
    status: async () => {
      const response = await ask({})
      const read = statusSchema.safeParse(await response?.json().catch(() => null))
      return read.success ? read.data.data.attributes : null
    },
    change: async (attributes) => {
      const body = JSON.stringify({ data: { type: 'status', id: 'default', attributes } })
      const response = await ask({ method: 'PATCH', body, headers: { 'content-type': 'application/json' } })
      await response?.body?.cancel()
      return response?.ok ?? false
    },
  }
}

/** Asks for the status until it is as wanted; null when `signal` ended it first. */
export async function awaitStatus(
  rest: K6Rest,
  isWanted: (status: K6Status) => boolean,
  everyMs: number,
  signal: AbortSignal,
): Promise<K6Status | null> {
  while (!signal.aborted) {
    const status = await rest.status()
    if (status && isWanted(status)) return status
    // A wait that is cut short is noticed by the loop's condition.
    await sleep(everyMs, undefined, { signal }).catch(() => undefined)
  }
  return null
}

/** A TCP port on loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
