import {
  type AttachForecast,
  type Check,
  examineHost,
  foretell,
  inspectHost,
  loadCatalog,
  standInTarget,
} from '../../probes/index.ts'
import { chooseProbes } from '../choose-probes.ts'
import { jsonFlag, ProbeCommand } from '../command.ts'
import { exitCodes } from '../errors.ts'

export class Doctor extends ProbeCommand {
  static override summary = 'What this host offers and lacks, each lack with the command that fixes it'
  static override description = `Kprobes and fexit are tried by attaching a program for a moment, where that is allowed.
The last line says what probe attach would do here without naming probes; exit code 3: it could attach none.`
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json']
  static override enableJsonFlag = true
  static override flags = { json: jsonFlag }

  async run(): Promise<{ canAttach: boolean; checks: Check[] } & AttachForecast> {
    await this.parse(Doctor)
    const [host, catalog] = await Promise.all([inspectHost(), loadCatalog()])
    const [checks, forecast] = await Promise.all([
      examineHost(host),
      foretell(chooseProbes(catalog, []), standInTarget(), host),
    ])
    const canAttach = forecast.probes.length > 0
    this.log(`${checks.map(describe).join('\n')}\n`)
    this.log(conclude(checks, forecast))
    if (!canAttach) process.exitCode = exitCodes.host
    return { canAttach, checks, ...forecast }
  }
}

function conclude(checks: readonly Check[], { obstacle, probes, refused }: AttachForecast): string {
  const lacking = checks.filter(({ isRequired, support }) => isRequired && support.kind === 'no')
  if (obstacle)
    return `probe cannot attach here: ${lacking.length > 0 ? lacking.map(({ label }) => label).join(', ') : obstacle.reason}`
  const left = refused.map(({ probe, reason }) => `${probe} (${reason})`).join(', ')
  if (probes.length === 0) return `probe cannot attach here: ${left}`
  return refused.length === 0 ? 'probe can attach here' : `probe can attach here, without ${left}`
}

const marks = { yes: '✓', no: '✗', unknown: '?' }

function describe({ label, support, detail }: Check): string {
  const line = `${marks[support.kind]} ${label.padEnd(26)}${detail}`
  return support.kind !== 'yes' && support.fix ? `${line}\n${' '.repeat(28)}fix: ${support.fix}` : line
}
