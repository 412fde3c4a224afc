import { type Check, examineHost, inspectHost } from '../../probes/index.ts'
import { jsonFlag, ProbeCommand } from '../command.ts'
import { exitCodes } from '../errors.ts'

export class Doctor extends ProbeCommand {
  static override summary = 'What this host offers and lacks, each lack with the command that fixes it'
  static override description = `Kprobes and fexit are tried by attaching a program for a moment, where that is allowed.
Exit code 3: something without which nothing can be attached is missing.`
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json']
  static override enableJsonFlag = true
  static override flags = { json: jsonFlag }

  async run(): Promise<{ canAttach: boolean; checks: Check[] }> {
    await this.parse(Doctor)
    const checks = await examineHost(await inspectHost())
    const obstacles = checks.filter(({ isRequired, support }) => isRequired && support.kind === 'no')
    this.log(`${checks.map(describe).join('\n')}\n`)
    this.log(
      obstacles.length === 0
        ? 'probe can attach here'
        : `probe cannot attach here: ${obstacles.map((check) => check.label).join(', ')}`,
    )
    if (obstacles.length > 0) process.exitCode = exitCodes.host
    return { canAttach: obstacles.length === 0, checks }
  }
}

const marks = { yes: '✓', no: '✗', unknown: '?' }

function describe({ label, support, detail }: Check): string {
  const line = `${marks[support.kind]} ${label.padEnd(26)}${detail}`
  return support.kind !== 'yes' && support.fix ? `${line}\n${' '.repeat(28)}fix: ${support.fix}` : line
}
