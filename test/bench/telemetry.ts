import { type AddressInfo, connect, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { sources } from '../../audit/telemetry/sources.ts'
import { createTelemetry } from '../../audit/telemetry/telemetry.ts'
import { resolveTarget, type Target } from '../../probes/index.ts'

const usage = `node test/bench/telemetry.ts [--pid N] [--samples N] [--time-wait N]

Prints what each telemetry source costs a sample, and what all of them cost a second, on this host and for this
target (itself with a listening port, unless --pid names another). Asserts nothing. CPU time of this process, so what
else the machine does matters little. --time-wait first leaves N connections in TIME_WAIT; give them a namespace:
  unshare -n sh -c 'ip link set lo up && exec node test/bench/telemetry.ts --time-wait 20000'`

const { values: flags } = parseArgs({
  options: {
    pid: { type: 'string' },
    'time-wait': { type: 'string', default: '0' },
    samples: { type: 'string', default: '300' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (flags.help) {
  console.log(usage)
  process.exit()
}
const samples = Number(flags.samples)
const LIVE_SECONDS = 15

const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
await leaveTimeWaits(Number(flags['time-wait']))
const target = await chooseTarget()
const cpuUs = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

console.log(`target ${target.selector}, ${samples} samples each`)
console.log(`${'source'.padEnd(14)}${'us/reading'.padStart(12)}${'values'.padStart(8)}  every`)
for (const source of sources) {
  const telemetry = createTelemetry(target, { sources: [{ ...source, every: 1 }] })
  const reason = telemetry.missing[0]?.reason
  if (reason !== undefined) {
    console.log(`${source.name.padEnd(14)}${'–'.padStart(12)}  ${reason}`)
    continue
  }
  let values = 0
  const read = () => {
    for (const sample of telemetry.sample({ isPhaseEnd: true }))
      values = Math.max(values, Object.keys(sample.values).length)
  }
  for (let n = 0; n < 20; n++) read()
  const before = cpuUs()
  for (let n = 0; n < samples; n++) read()
  const us = (cpuUs() - before) / samples
  console.log(`${source.name.padEnd(14)}${us.toFixed(0).padStart(12)}${String(values).padStart(8)}  ${source.every}`)
  telemetry.close()
}

// As the recorder asks: once a second, of a clock that this program turns.
let ms = 0
const telemetry = createTelemetry(target, { now: () => ms + performance.now() })
let bytes = 0
for (let n = 0; n < 20; n++) step()
bytes = 0
const before = cpuUs()
for (let n = 0; n < samples; n++) step()
const us = (cpuUs() - before) / samples
console.log(
  `all, as due   ${us.toFixed(0).padStart(12)} us a sample = ${((us / 1e6) * 100).toFixed(3)} % of a core at one sample a second`,
)
console.log(`recording     ${(bytes / samples).toFixed(0).padStart(12)} bytes a sample`)
telemetry.close()

// In a tight loop caches are warm: this is what a run sees. What the timer alone costs is taken off.
const live = createTelemetry(target)
live.sample({ isPhaseEnd: true })
const idleUs = await eachSecond(() => undefined)
const liveUs = await eachSecond(() => live.sample())
const netUs = liveUs - idleUs
console.log(
  `really, ${LIVE_SECONDS} s  ${netUs.toFixed(0).padStart(12)} us a second = ${(netUs / 1e4).toFixed(3)} % of a core (the timer alone: ${idleUs.toFixed(0)} us)`,
)
live.close()
server.close()

async function eachSecond(work: () => unknown): Promise<number> {
  const before = cpuUs()
  for (let n = 0; n < LIVE_SECONDS; n++) {
    await setTimeout(1000)
    work()
  }
  return (cpuUs() - before) / LIVE_SECONDS
}

function step(): void {
  ms += 1000
  for (const sample of telemetry.sample())
    bytes += JSON.stringify({ type: 'telemetry', t_us: ms * 1000, ...sample }).length + 1
}

async function chooseTarget(): Promise<Target> {
  if (flags.pid !== undefined) return resolveTarget({ pids: [Number(flags.pid)], follow: false })
  const { port } = server.address() as AddressInfo
  const init = await resolveTarget({ pids: [process.ppid], follow: false })
  return {
    ...init,
    processes: [{ pid: process.pid, starttime: 0, comm: 'bench' }],
    ports: [port],
    netnsPid: process.pid,
    selector: `itself, port ${port}`,
  }
}

/** Connections that the server closes, some at a time. */
async function leaveTimeWaits(wanted: number): Promise<void> {
  const { port } = server.address() as AddressInfo
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket
        .resume()
        .once('error', reject)
        .once('close', () => resolve())
    })
  for (let done = 0; done < wanted; done += 100) await Promise.all(Array.from({ length: 100 }, one))
}
