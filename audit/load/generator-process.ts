import { connectionsTo, resolveTarget } from './connection.ts'
import { createEngine, type Engine } from './engine.ts'
import { emptyHdr, encodeHdr } from './hdr.ts'
import { type Command, commandSchema, type LoadOptions, type Report } from './protocol.ts'

/**
 * Entry of the load generator's own process: nothing else runs on its event loop, so what it measures as late is the
 * target. Speaks protocol.ts over IPC and ends when that channel closes, whatever became of its parent.
 */
let engine: Engine | null = null
let stopping = false

// undici makes an error of every connection that ends; its stack is a tenth of the cost of a connection per request.
Error.stackTraceLimit = 0

process.on('disconnect', () => process.exit(0))
process.on('message', (message) => {
  const command: Command = commandSchema.parse(message)
  if (command.type === 'open') void openTarget(command.options)
  else if (command.type === 'phase') engine?.startPhase(command.phase)
  else stop()
})

async function openTarget(options: LoadOptions): Promise<void> {
  try {
    const address = await resolveTarget(new URL(options.url), options.timeoutMs)
    const opened = createEngine(options, connectionsTo(address, options), report)
    // The first encoding costs 3 ms, the later ones 0.4: pay before the first slice.
    for (let round = 0; round < 10; round++) encodeHdr(emptyHdr())
    await opened.warmUp()
    engine = opened
    report({ type: 'ready', address })
  } catch (error) {
    report({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
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
