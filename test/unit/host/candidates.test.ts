import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createCandidateList } from '../../../probes/index.ts'

// Listens, then burns CPU until it is ended.
const BURNING = `
  const server = require('node:net').createServer().listen(0, '127.0.0.1', () => {
    process.stdout.write(String(server.address().port) + '\\n')
    setImmediate(function burn() { const until = Date.now() + 50; while (Date.now() < until); setImmediate(burn) })
  })`

test('a process that listens and burns CPU is seen with its port, command and owner, without privileges of its own', async () => {
  const child = spawn(process.execPath, ['-e', BURNING, 'a-name-of-its-own'], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(child.stdout, 'data')
  const look = createCandidateList()
  const find = () => look().find(({ pid }) => pid === child.pid)
  const first = find()
  expect(first).toMatchObject({ ports: [Number(line)], cpuPct: null })
  expect(first?.command).toContain('a-name-of-its-own')
  expect(first?.user).not.toBeNull()
  await expect.poll(() => find()?.cpuPct ?? 0, { timeout: 30_000 }).toBeGreaterThan(0)
})

test('this process itself is not offered, though it listens', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  expect(createCandidateList()().some(({ pid }) => pid === process.pid)).toBe(false)
})

test('what has ended is gone', async () => {
  const child = spawn('sleep', ['1000'])
  await once(child, 'spawn')
  const look = createCandidateList()
  expect(look().find(({ pid }) => pid === child.pid)).toMatchObject({ comm: expect.any(String), ports: [] })
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(look().some(({ pid }) => pid === child.pid)).toBe(false)
})
