import { string } from '@oclif/core/args'
import { integer } from '@oclif/core/flags'
import { sendMark } from '../../audit/index.ts'
import { jsonFlag, ProbeCommand } from '../command.ts'

export class Mark extends ProbeCommand {
  static override summary = 'Start a phase in the attach or audit that runs'
  static override description =
    'Returns when the kernel has made the cut: what happens afterwards belongs to the new phase.'
  static override examples = ['<%= config.bin %> mark stress']
  static override enableJsonFlag = true
  static override args = {
    label: string({
      required: true,
      description: 'name of the phase; idle, warmup, baseline, stress, soak and recovery are known kinds',
    }),
  }
  static override flags = {
    json: jsonFlag,
    run: integer({ description: 'pid of the run, when there are several', min: 1, helpValue: 'PID' }),
  }

  async run(): Promise<{ id: number; name: string; start_us: number }> {
    const { args, flags } = await this.parse(Mark)
    const phase = await sendMark(args.label, flags.run)
    this.log(`phase ${phase.id} ${phase.name} began at ${(phase.start_us / 1e6).toFixed(3)} s`)
    return phase
  }
}
