// A Node cluster: the primary accepts and hands connections over, three workers answer. Each answer takes one link(2),
// which Node makes for nothing else; with a second argument a worker that has given so many answers is replaced: when its
// successor listens, it leaves.
//   cluster-server.mjs PORT [ANSWERS]        says the pids of its first workers on one line when they listen
import cluster from 'node:cluster'
import { linkSync } from 'node:fs'
import { createServer } from 'node:http'

const WORKERS = 3
const [port = '0', answers = '0'] = process.argv.slice(2)

if (cluster.isPrimary) {
  const pids = []
  const tired = []
  cluster.on('listening', ({ process: { pid } }) => {
    pids.push(pid)
    if (pids.length === WORKERS) process.stdout.write(`${pids.join(' ')}\n`)
    if (pids.length > WORKERS) tired.shift()?.disconnect()
  })
  cluster.on('message', (worker) => {
    tired.push(worker)
    cluster.fork()
  })
  for (let i = 0; i < WORKERS; i++) cluster.fork()
  process.stdin.on('end', () => process.exit()).resume()
} else {
  let left = Number(answers) || Number.POSITIVE_INFINITY
  createServer((_, response) => {
    try {
      linkSync('/nowhere/at', '/nowhere/all')
    } catch {
      // ENOENT: that it was called is what counts
    }
    response.setHeader('connection', 'close').end('x')
    if (--left === 0) process.send('tired')
  }).listen(Number(port), '127.0.0.1')
}
