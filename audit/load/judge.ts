/** What the validity of a phase is judged by: its load slices added up. */
export interface PhaseLoad {
  /** requests that the timetable asked for; null: the generator does not say */
  planned: number | null
  /** requests that were written to a connection */
  sent: number
  /** failed requests by class; `dropped`: never sent because the generator's queue was full */
  errors: Record<string, number>
  /** lateness of the generator itself, ms; null when nothing was sent */
  sendLagP99Ms: number | null
  /** share of the CPU time that the generator's processes can have at most, 0..1; null: unknown */
  generatorCpu: number | null
  /** watched processes that ended while whoever took their place was not watched */
  lostProcesses?: number
}

export interface ValidityLimits {
  /** share of the plan that must have been sent */
  minAchieved: number
  /** highest p99 of the generator's lateness, ms; 10 % of the latency threshold is a good bound */
  maxSendLagP99Ms: number
  /** highest share of its CPU time for a generator that cannot tell its lateness */
  maxGeneratorCpu: number
}
export const defaultValidity: ValidityLimits = { minAchieved: 0.95, maxSendLagP99Ms: 10, maxGeneratorCpu: 0.8 }

/** Errors that the generator's own host caused: no statement about the target follows from such a phase. */
const ownFaults: Record<string, string> = {
  EADDRNOTAVAIL: 'the generator ran out of local ports: widen net.ipv4.ip_local_port_range or reuse connections',
  EMFILE: 'the generator ran out of file descriptors: raise its limit (ulimit -n)',
  dropped: 'the generator never sent what was due: raise its connections or queue limit (k6: preAllocatedVUs)',
}

/**
 * Says whether a phase measured the target or the generator. A phase is invalid, not slow, when less than 95 % of the
 * plan was sent, requests left late through the generator's fault, or its own resources ran out; and when processes that
 * nobody watched did a part of the work.
 */
export function judgePhase(
  load: PhaseLoad,
  limits: ValidityLimits = defaultValidity,
): { valid: boolean; reasons: string[] } {
  const reasons: string[] = []
  if (load.planned !== null && load.planned > 0 && load.sent + inVain(load) < load.planned * limits.minAchieved) {
    const share = ((100 * load.sent) / load.planned).toFixed(1)
    reasons.push(`only ${share} % of the planned requests were sent (${load.sent} of ${load.planned})`)
  }
  if (load.sendLagP99Ms !== null && load.sendLagP99Ms > limits.maxSendLagP99Ms) {
    reasons.push(
      `the generator was late: send lag p99 ${load.sendLagP99Ms.toFixed(1)} ms, bound ${limits.maxSendLagP99Ms} ms`,
    )
  }
  // A generator that tells its lateness is judged by that: a busy one that is in time does no harm.
  if (load.sendLagP99Ms === null && load.generatorCpu !== null && load.generatorCpu > limits.maxGeneratorCpu)
    reasons.push(
      `the generator was busy: ${(100 * load.generatorCpu).toFixed(0)} % of the CPU time it can have, bound ${100 * limits.maxGeneratorCpu} %`,
    )
  for (const [name, reason] of Object.entries(ownFaults)) {
    const count = load.errors[name] ?? 0
    if (count > 0) reasons.push(`${reason} (${count} requests)`)
  }
  const { lostProcesses = 0 } = load
  if (lostProcesses > 0) {
    const ended = lostProcesses === 1 ? '1 watched process ended' : `${lostProcesses} watched processes ended`
    reasons.push(`${ended}, and what came after is not watched: choose the target by port, or follow its children`)
  }
  return { valid: reasons.length === 0, reasons }
}

/** Requests that ran out of time while the target held every connection: the target's doing, like any timeout. */
const inVain = ({ planned, sent, errors }: PhaseLoad): number =>
  Math.min(errors['timeout'] ?? 0, Math.max(0, (planned ?? 0) - sent - (errors['dropped'] ?? 0)))
