import { writeFileSync } from 'node:fs'

/** The settings of the kernel that are ever changed, each undone at the end. */
export const SYSCTLS = { bpfStats: '/proc/sys/kernel/bpf_stats_enabled' } as const

/** @throws the file system's error where that is not permitted */
export function writeSysctl(name: keyof typeof SYSCTLS, value: string): void {
  writeFileSync(SYSCTLS[name], value, { flag: 'r+' })
}
