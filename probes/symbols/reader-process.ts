import { writeAllNow } from '../../files/index.ts'
import type { RawFrame } from '../engine/frame.ts'
import { createLineSplitter } from '../lines.ts'
import { createBudget } from './budget.ts'
import { createJitNames } from './jit.ts'
import { createModules, type MayRead } from './modules.ts'
import { adviseProcesses } from './naming-facts.ts'
import { mayBeJit } from './perf-map.ts'
import { type Answer, type Message, type NameOf, type Request, requestSchema } from './reader-protocol.ts'
import { createUserNames } from './user-names.ts'

/**
 * Entry of the process that reads what belongs to other users' processes: their maps, programs, debug files, perf maps.
 * It may stand still for ever in any of that, or need more than its share: then it is killed, and nothing else is lost.
 * It ends with its input. reader.ts is its other side.
 */
const budget = createBudget()
const barred = new Set<string>()
let xz: string | null = null
let announced = ''

/** Written at once: what comes next may be the last that this process does. */
const say = (message: Message): void => writeAllNow(1, `${JSON.stringify(message)}\n`)

const mayRead: MayRead = (key, what) => {
  if (barred.has(key)) return false
  if (key !== announced) say({ reading: { key, what } })
  announced = key
  return true
}

/** Made when it is known what there is to unpack symbol tables with. */
function createReading() {
  const modules = createModules({ xz, budget, mayRead })
  const userNames = createUserNames([], { modules, budget, mayRead })
  const jit = createJitNames(budget, mayRead)
  const pids = new Set<number>()

  const nameOf = (address: string): NameOf => {
    // of data: a name of code must never come from there
    if (address.startsWith('*'))
      return [userNames.variableAt(Number.parseInt(address.slice(1), 16)), null, null, false, null]
    const frame: RawFrame = { address, symbol: null, module: null }
    const symbol = userNames.symbolOf(frame)
    const module = userNames.moduleOf(frame)
    // Not before the symbol: perf maps also list V8's builtins, which are functions of the node binary.
    const jitName = symbol === null && mayBeJit(module) ? jit.nameOf(Number.parseInt(address, 16)) : null
    return [symbol, module, jitName, userNames.skipsCaller(frame), userNames.calledBefore(frame)]
  }
  return {
    add: (pid: number) => {
      pids.add(pid)
      userNames.add(pid)
    },
    remove: (pid: number) => {
      pids.delete(pid)
      userNames.remove(pid)
      jit.remove(pid)
    },
    refresh: (phaseEnds: boolean): boolean => {
      const changes = [...pids].map((pid) => jit.refresh(pid, phaseEnds))
      return userNames.refresh(phaseEnds) || changes.includes(true)
    },
    name: (addresses: readonly string[]) => addresses.map(nameOf),
    advise: () => ({ advice: adviseProcesses([...pids], { modules, hasXz: xz !== null, mayRead, budget }) }),
  }
}

let reading: ReturnType<typeof createReading> | null = null

function obey(request: Request): void {
  if (request.do === 'begin') {
    xz = request.xz
    for (const key of request.barred) barred.add(key)
    return
  }
  reading ??= createReading()
  if (request.do === 'add') reading.add(request.pid)
  else if (request.do === 'remove') reading.remove(request.pid)
  else if (request.do === 'refresh') answer(request.id, reading.refresh(request.phaseEnds))
  else if (request.do === 'name') answer(request.id, reading.name(request.addresses))
  else answer(request.id, reading.advise())
}

const answer = (id: number, value: Answer): void => say({ id, answer: value, notes: budget.takeNotes() })

/** A stack has up to 127 frames of 16 digits; many in a request. */
const REQUEST_BYTES = 16 * 1024 * 1024
const input = createLineSplitter((line) => obey(requestSchema.parse(JSON.parse(line))), {
  limit: REQUEST_BYTES,
  onDropped: () => undefined,
})
process.stdin.on('data', (chunk: Buffer) => input.write(chunk))
process.stdin.on('end', () => process.exit(0))
process.stdin.on('error', () => process.exit(0))
