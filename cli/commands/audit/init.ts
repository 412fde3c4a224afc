import { string } from '@oclif/core/args'
import { string as stringFlag } from '@oclif/core/flags'
import { initPlan, planSchemaText, SCHEMA_FILE } from '../../../audit/index.ts'
import { descriptorIn, FileError, type Folder, openPlace } from '../../../files/index.ts'
import { jsonFlag, ProbeCommand } from '../../command.ts'
import { writeOut } from '../../write-out.ts'

export class AuditInit extends ProbeCommand {
  static override summary = 'Write a plan to start from, with a word on every part'
  static override description =
    'Beside it goes a JSON Schema by which editors complete and check the plan. An existing plan is never overwritten.'
  static override examples = ['<%= config.bin %> audit init http://127.0.0.1:8080/']
  static override enableJsonFlag = true
  static override args = {
    url: string({ required: true, description: 'where requests go' }),
  }
  static override flags = {
    json: jsonFlag,
    output: stringFlag({
      char: 'o',
      description: 'file to write; - is stdout, and then there is no schema',
      default: 'plan.yaml',
      helpValue: 'plan.yaml',
    }),
  }

  async run(): Promise<{ plan: string; schema: string | null; next: string[] }> {
    const { args, flags } = await this.parse(AuditInit)
    const plan = flags.output
    if (plan === '-' || descriptorIn(plan) !== null) {
      await writeOut(plan, [initPlan(args.url)])
      return { plan, schema: null, next: [] }
    }
    const { folder, name } = openPlace(plan)
    try {
      const schema = folder.pathOf(SCHEMA_FILE)
      await folder.write(name, [initPlan(args.url)], 'new')
      const isNew = await writeNew(folder, SCHEMA_FILE, await planSchemaText())
      const next = [`probe audit --dry-run ${plan}`, `probe audit ${plan}`]
      this.log(`${plan}   set peak, requests and phases, then: ${next.join(', ')}`)
      this.log(`${schema}   ${isNew ? 'by which editors complete it' : 'was there and is left as it is'}`)
      return { plan, schema, next }
    } finally {
      folder.close()
    }
  }
}

/** False when there is such a file already. */
async function writeNew(folder: Folder, name: string, text: string): Promise<boolean> {
  try {
    await folder.write(name, [text], 'new')
    return true
  } catch (error) {
    if (error instanceof FileError && error.code === 'EEXIST') return false
    throw error
  }
}
