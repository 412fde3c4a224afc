import { string } from '@oclif/core/args'
import { loadCatalog } from '../../probes/index.ts'
import { textSummary } from '../../ui/index.ts'
import { jsonFlag, ProbeCommand } from '../command.ts'
import { loadRecording } from '../load-recording.ts'
import { say } from '../say.ts'
import { looksOf, screenFlags } from '../screen-flags.ts'
import { hasScreen, watchReplay } from '../watch.ts'

export class Replay extends ProbeCommand {
  static override summary = 'The same screen, and the same text, on a recording'
  static override examples = ['<%= config.bin %> replay run.ndjson.gz']
  static override enableJsonFlag = true
  static override args = {
    file: string({ required: true, description: 'a recording: .ndjson, .ndjson.gz or .ndjson.zst' }),
  }
  static override flags = { json: jsonFlag, ...screenFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Replay)
    const catalog = await loadCatalog()
    const screen = hasScreen() && !this.jsonEnabled() && !flags['no-ui']
    const { model, bytes, isWhole } = screen
      ? await watchReplay(args.file, catalog, { looks: looksOf(flags), mouse: !flags['no-mouse'] })
      : await loadRecording(args.file, catalog)
    if (!screen) this.log(textSummary(model, catalog, { path: args.file, bytes }))
    if (model.end === null && isWhole)
      say('note: the recording has no end: it was cut off, its last second may be missing')
    return {
      summary: model.summary,
      end: model.end,
      phases: model.phases.map(({ id, name, kind, startUs, endUs }) => ({
        id,
        name,
        kind,
        start_us: startUs,
        end_us: endUs,
      })),
    }
  }
}
