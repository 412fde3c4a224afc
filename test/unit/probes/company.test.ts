import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createCompany } from '../../../probes/engine/company.ts'
import type { Tolerant } from '../../../probes/engine/json.ts'
import { CHANGE } from '../../../probes/engine/membership.ts'
import { createRoster } from '../../../probes/engine/roster.ts'
import { standInTarget } from '../../../probes/host/stand-in.ts'
import type { Target } from '../../../probes/host/target.ts'
import { startProgram } from '../host/programs.ts'

const rows = (...entries: [number, number][]): Tolerant => ({
  entries: entries.map(([key, value]) => [String(key), value]),
})
const frame = (maps: Record<string, Tolerant>, phaseEnds = false) => ({
  results: new Map(Object.entries(maps)),
  open: phaseEnds ? new Map<string, Tolerant>() : null,
})
const portTarget = (port: number): Target => ({ ...standInTarget(), processes: [], selectedBy: 'port', port })

function company(target: Target, mostMembers = 8192) {
  const told: [string, number][] = []
  const roster = createRoster(target, 'port', () => 0)
  const tell = (does: 'join' | 'leave', member: number) => void told.push([does, member])
  return { told, roster, ...createCompany(target, 'port', roster, { tell, mostMembers }) }
}

const LISTENS = `require("node:net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port) })`

test('who serves the port and is not known to the kernel programs is told to them, once', async () => {
  const { child, line } = await startProgram(LISTENS)
  onTestFinished(() => void child.kill('SIGKILL'))
  const { take, told, roster } = company(portTarget(Number(line)))
  expect(take(frame({})).newcomers).toMatchObject([{ pid: child.pid }])
  take(frame({}))
  expect(told).toEqual([['join', child.pid]])
  expect(roster.counts()).toMatchObject({ processes: 1, joined: 1 })
})

test('a listen() that failed made nobody serve the port', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  const { take, told, roster } = company(portTarget(port))
  take(frame({ '@target_joined': rows([pid, CHANGE.listens]), '@target_changes': rows([CHANGE.listens, 1]) }))
  expect(told).toEqual([['leave', pid]])
  expect(roster.pids()).toEqual([])
})

test('who executed another program comes back when a socket of the port is among its later descriptors', async () => {
  const { child, line } = await startProgram(LISTENS)
  onTestFinished(() => void child.kill('SIGKILL'))
  const pid = child.pid ?? 0
  const { take, told } = company(portTarget(Number(line)))
  take(frame({}))
  const left = { '@target_left': rows([pid, CHANGE.executedAnother]) }
  const back = take(frame({ ...left, '@target_changes': rows([CHANGE.executedAnother, 1]) }))
  expect(back.newcomers).toMatchObject([{ pid }])
  // It serves on: nobody is told that it left.
  expect(back.notes).toEqual([])
  expect(told).toEqual([
    ['join', pid],
    ['join', pid],
  ])
})

test('more members than the map holds are said', () => {
  const { take } = company(portTarget(1), 100)
  const born = frame({ '@target_changes': rows([CHANGE.born, 100]) })
  expect(take(born).notes).toContain('more than 100 processes at once: those above that number are not watched')
  expect(take(born).notes.join()).not.toContain('more than')
})
