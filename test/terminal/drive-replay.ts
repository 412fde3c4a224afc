import { watchReplay } from '../../cli/watch.ts'
import { loadCatalog } from '../../probes/index.ts'

/** `drive-replay.ts FILE`: what `probe replay FILE` shows, from its sources. */
const [file = ''] = process.argv.slice(2)
await watchReplay(file, await loadCatalog(), {
  looks: { theme: 'dark', ascii: false, screenReader: false },
  mouse: false,
})
console.log('left the screen')
