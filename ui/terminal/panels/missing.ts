import type { PhaseModel, RunModel } from '../../../audit/index.ts'

/** Why a panel is blank; of a run that is over nothing more is to be waited for. */
export const missing = ({ end }: RunModel, phase: PhaseModel | null, what: string): string =>
  phase ? `${what} in ${phase.name}${end ? '' : ' yet'}` : end ? what : 'waiting for the first window'
