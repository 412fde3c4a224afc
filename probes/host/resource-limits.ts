import { findProgram } from './privilege.ts'

export interface ResourceLimits {
  /** what a process may write to of its memory, bytes (RLIMIT_DATA; address space would count what Node and LLVM only reserve) */
  dataBytes?: number
  /** CPU time in all, s */
  cpuSeconds?: number
}

/**
 * What goes before a command so that it runs under limits (setrlimit(2)), by prlimit(1); nothing where there is none. A
 * symbol of 283 characters can make who demangles it take gigabytes: then that program fails, not the host.
 */
export async function limited({ dataBytes, cpuSeconds }: ResourceLimits): Promise<string[]> {
  const prlimit = await findProgram('prlimit')
  if (prlimit === null) return []
  return [
    prlimit,
    ...(dataBytes === undefined ? [] : [`--data=${dataBytes}`]),
    ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}`]),
    '--core=0',
    '--',
  ]
}
