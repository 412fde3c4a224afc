import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { SYSCTLS, writeSysctl } from '../../files/index.ts'

const SWITCH = SYSCTLS.bpfStats

/** Run time of the kernel programs a tracer holds, ns by program id; null unless the kernel measures it. */
export function readProgramTimes(tracerPid: number): Record<string, number> | null {
  if (readSwitch() !== '1') return null
  try {
    const times: Record<string, number> = {}
    for (const fd of readdirSync(`/proc/${tracerPid}/fdinfo`)) {
      const text = readFileSync(`/proc/${tracerPid}/fdinfo/${fd}`, 'utf8')
      const id = /^prog_id:\s*(\d+)/m.exec(text)?.[1]
      const ns = /^run_time_ns:\s*(\d+)/m.exec(text)?.[1]
      if (id !== undefined && ns !== undefined) times[`prog_${id}`] = Number(ns)
    }
    return times
  } catch {
    return null // the tracer has ended
  }
}

/**
 * Switches the kernel's own measurement of program run time on (kernel.bpf_stats_enabled, the whole host, about 20 ns an
 * event) and returns how to undo it. A small process holds the undo as well: it acts when this one dies, however it dies.
 *
 * @throws the file system's error where that is not permitted
 */
export function measurePrograms(): () => void {
  if (readSwitch() === '1') return () => undefined
  writeSysctl('bpfStats', '1')
  const guard = spawn('/bin/sh', ['-c', `cat >/dev/null; echo 0 > ${SWITCH}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
  })
  guard.unref()
  // The pipe must not keep this process alive; the kernel closes it at the end.
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return () => {
    try {
      writeSysctl('bpfStats', '0')
      guard.kill('SIGKILL') // nothing is left for it to undo
    } catch {
      guard.stdin.end()
    }
  }
}

function readSwitch(): string | null {
  try {
    return readFileSync(SWITCH, 'utf8').trim()
  } catch {
    return null // not this kernel, or not our right
  }
}
