import { fileURLToPath } from 'node:url'
import { Flame } from '../../cli/commands/flame.ts'

/** Runs `probe flame` as it stands in the sources, with the arguments given. */
process.env['NODE_ENV'] = 'production'
await Flame.run(process.argv.slice(2), { root: fileURLToPath(new URL('../..', import.meta.url)) })
