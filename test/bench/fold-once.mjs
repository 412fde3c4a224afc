// One way to fold a file, in a process of its own: `node fold-once.mjs WAY FILE`. JavaScript on what is built, so that
// neither the time nor the memory is that of taking types out of sources. Prints [ms, peak MiB, what came out].
import { createReadStream, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'

const WAYS = { nothing: async () => 'what Node itself takes', ours, plain }

const [way = '', path = ''] = process.argv.slice(2)
const started = performance.now()
const about = await WAYS[way](path)
const ms = performance.now() - started
// Of this program alone: getrusage's maximum begins with that of the process that started this one.
const peakKib = Number(readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s*(\d+)/)?.[1])
console.log(JSON.stringify([ms, peakKib / 1024, about]))

async function ours() {
  const { readFolded } = await import('../../dist/audit/profile/folded.js')
  const file = await open(path)
  const { profile } = await readFolded(file)
  await file.close()
  return `${profile.size} nodes`
}

/** A Map of children in each node, lines cut by readline: what one would write first. */
async function plain() {
  const root = { self: 0, children: new Map() }
  let nodes = 1
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const space = line.lastIndexOf(' ')
    let at = root
    for (const frame of line.slice(0, space).split(';')) {
      let child = at.children.get(frame)
      if (!child) {
        child = { self: 0, children: new Map() }
        at.children.set(frame, child)
        nodes++
      }
      at = child
    }
    at.self += Number(line.slice(space + 1))
  }
  return `${nodes} nodes`
}
