import { endpointOf } from './address.ts'
import { createEngine, type Engine } from './engine.ts'
import { createHdr } from './hdr.ts'
import { http1Opener } from './http1.ts'
import { http2Opener } from './http2.ts'
import { type Command, commandSchema, type LoadOptions, type Report } from './protocol.ts'
import { prepareRequests } from './request.ts'

/**
 * Entry of a process of the load generator: nothing else runs on its event loop, so what it measures as late is the
 * target. Speaks protocol.ts over IPC and ends when that channel closes, whatever became of its parent.
 */
let engine: Engine | null = null
const ALIVE_EVERY_MS = 1000
let stopping = false

// Every connection that fails makes an error; nobody reads its stack, which costs more than the connection.
Error.stackTraceLimit = 0

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  const command: Command = commandSchema.parse(message)
  if (command.type === 'open') openTarget(command.options, command.address)
  else if (command.type === 'warm') void engine?.warmUp().then(() => report({ type: 'warm' }))
  else if (command.type === 'phase') engine?.startPhase({ ...command.phase, startNs: BigInt(command.startNs) })
  else stop()
})

function openTarget(options: LoadOptions, address: string): void {
  const endpoint = endpointOf(address, options)
  const opener = options.protocol === 'h2' ? http2Opener(endpoint, options) : http1Opener(endpoint, options)
  warmEncoding()
  engine = createEngine(options, prepareRequests(options), opener, report)
  report({ type: 'ready' })
  setInterval(() => report({ type: 'alive' }), ALIVE_EVERY_MS)
}

/** The first encodings of a full histogram take 10 ms, as long as requests would wait: paid before the first slice. */
function warmEncoding(): void {
  const histogram = createHdr()
  for (let round = 0; round < 20; round++) {
    for (let ms = 0.05; ms < 1000; ms *= 1.01) histogram.recordMs(ms)
    histogram.encode()
    histogram.reset()
  }
}

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}

function stop(): void {
  if (stopping) return
  stopping = true
  engine?.stop()
  // Messages already sent are delivered before the channel closes; `disconnect` then ends the process.
  if (process.connected) process.disconnect()
}
