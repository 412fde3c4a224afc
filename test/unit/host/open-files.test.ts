import { closeSync, openSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdersOf, listeningPorts } from '../../../probes/host/listeners.ts'
import { createLook, openFiles } from '../../../probes/host/open-files.ts'

const MANY = 4_500
const opened: number[] = []
let server: Server

beforeEach(async () => {
  for (let n = 0; n < MANY; n++) opened.push(openSync('/dev/null', 'r'))
  server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  for (const fd of opened.splice(0)) closeSync(fd)
  await new Promise((resolve) => server.close(resolve))
})

function portOf(listening: Server): number {
  const address = listening.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

describe('the open files of a process', () => {
  test('are looked at up to a limit for each, and one for all together', () => {
    expect(openFiles(process.pid, createLook(), 100)).toHaveLength(100)
    const look = createLook(150)
    expect(openFiles(process.pid, look, 100)).toHaveLength(100)
    expect(openFiles(process.pid, look, 100)?.length).toBeLessThanOrEqual(50)
    expect(openFiles(process.pid, look, 100)).toEqual([])
    expect(openFiles(0)).toBeNull()
  })

  test('lead to the listener behind thousands of others', () => {
    expect(holdersOf(portOf(server)).flatMap(({ pids }) => pids)).toContain(process.pid)
    expect(listeningPorts([process.pid])).toContain(portOf(server))
  })
})
