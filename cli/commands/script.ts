import { string } from '@oclif/core/flags'
import {
  chooseVariants,
  dialectOf,
  inspectHost,
  loadCatalog,
  parseVersion,
  resolveTarget,
  writeScript,
} from '../../probes/index.ts'
import { chooseProbes } from '../choose-probes.ts'
import { jsonFlag, ProbeCommand } from '../command.ts'
import { UsageError } from '../errors.ts'
import { say } from '../say.ts'
import { selectorOf, targetFlags } from '../target-flags.ts'

const DEFAULT_VERSION = [0, 17, 0] as const
const LIMIT_SECONDS = 3600

export class Script extends ProbeCommand {
  static override summary = 'Print the program that would run, commented'
  static override description =
    `The programs are those that attach runs. attach ends each window itself, exactly where a phase of the load begins; the printed script ends one each second, so that it runs by hand, without probe: its first line says how.`
  static override examples = [
    '<%= config.bin %> script accept-queue --port 8080',
    '<%= config.bin %> script off-cpu --pid 4242 --bpftrace 0.27',
  ]
  static override strict = false
  static override usage = 'script [PROBE...] --pid N...|--comm NAME|--port N|--cgroup PATH [flags]'
  static override enableJsonFlag = true
  static override flags = {
    json: jsonFlag,
    ...targetFlags,
    bpftrace: string({ description: 'write for this version instead of the one installed', helpValue: 'VERSION' }),
    variant: string({ description: 'this way to attach, whether or not this host supports it', helpValue: 'NAME' }),
    backend: string({ description: 'bpftrace, the only one so far', options: ['bpftrace'], default: 'bpftrace' }),
  }

  async run(): Promise<{ script: string; sha256: string; probes: { name: string; variant: string }[] }> {
    const { argv, flags } = await this.parse(Script)
    const catalog = await loadCatalog()
    const probes = chooseProbes(catalog, argv.map(String))
    const host = await inspectHost()
    const target = await resolveTarget(selectorOf(flags))
    const version =
      flags.bpftrace === undefined ? (host.bpftrace?.version ?? DEFAULT_VERSION) : versionNamed(flags.bpftrace)
    if (version === null)
      throw new UsageError(
        `--bpftrace: expected a version like 0.23 or 0.23.2, got ${JSON.stringify(flags.bpftrace)}`,
        'bpftrace --version says what a host has',
      )
    const { variant } = flags
    if (variant !== undefined && !probes.some((probe) => probe.variants.some((v) => v.name === variant)))
      throw new UsageError(
        `no variant ${JSON.stringify(variant)}: ${probes.map((p) => `${p.name} has ${p.variants.map((v) => v.name).join(', ')}`).join('; ')}`,
        'probe list',
      )
    const { chosen, refused } = await chooseVariants(probes, target, host, {
      ...(variant === undefined
        ? {}
        : { variants: Object.fromEntries(probes.map((probe) => [probe.name, variant])), unchecked: true }),
    })
    for (const one of refused) say(`note: ${one.probe} is left out: ${one.reason}`)
    const program = await writeScript(chosen, target, host, {
      dialect: dialectOf(version),
      frame: { kind: 'ticks' },
      limitSeconds: LIMIT_SECONDS,
    })
    this.log(program.text.trimEnd())
    return {
      script: program.text,
      sha256: program.sha256,
      probes: chosen.map((one) => ({ name: one.probe.name, variant: one.variant.name })),
    }
  }
}

/** A version as bpftrace has them, and nothing else beside it: what is read of it decides what the script says. */
const versionNamed = (text: string): ReturnType<typeof parseVersion> =>
  /^v?\d{1,4}\.\d{1,4}(\.\d{1,4})?$/.test(text) ? parseVersion(text) : null
