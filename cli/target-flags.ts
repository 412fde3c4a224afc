import { boolean, integer, string } from '@oclif/core/flags'
import type { TargetSelector } from '../probes/index.ts'

/** The flags that choose a target, the same in every command. */
export const targetFlags = {
  pid: integer({
    description: 'a process; give it several times for several',
    multiple: true,
    min: 1,
    helpGroup: 'TARGET',
    helpValue: 'N',
  }),
  comm: string({ description: 'processes with exactly this kernel name', helpGroup: 'TARGET', helpValue: 'NAME' }),
  port: integer({
    description: 'whoever serves this TCP port, now and later',
    min: 1,
    max: 65_535,
    helpGroup: 'TARGET',
    helpValue: 'N',
  }),
  netns: integer({
    description: 'with --port: in the network namespace of process N, where several have the port',
    dependsOn: ['port'],
    min: 1,
    helpGroup: 'TARGET',
    helpValue: 'N',
  }),
  cgroup: string({
    description: 'processes of this cgroup v2 and of those below it',
    helpGroup: 'TARGET',
    helpValue: 'PATH',
  }),
  follow: boolean({
    description: 'children too, those that run and those to come',
    default: false,
    helpGroup: 'TARGET',
  }),
}

export interface TargetFlagValues {
  pid: number[] | undefined
  comm: string | undefined
  port: number | undefined
  netns: number | undefined
  cgroup: string | undefined
  follow: boolean
}

export const selectorOf = ({ pid, comm, port, netns, cgroup, follow }: TargetFlagValues): TargetSelector => ({
  follow,
  ...(pid ? { pids: pid } : {}),
  ...(comm === undefined ? {} : { comm }),
  ...(port === undefined ? {} : { port }),
  ...(netns === undefined ? {} : { netns }),
  ...(cgroup === undefined ? {} : { cgroup }),
})
