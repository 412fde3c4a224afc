import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import os from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './processes.ts'

export interface Target {
  name: string
  pid: number
  url: string
  /** requests per second that leave it well below saturation */
  rps: number
  stop: () => Promise<void>
}

/** The target has one CPU, the load generator the other: neither waits for the other, and figures repeat. */
export const placement = os.availableParallelism() > 1 ? { target: 0, generator: 1 } : { target: 0, generator: 0 }

/** A C server of three system calls per request: the worst case. */
export async function startEpollServer(folder: string, cpus = String(placement.target)): Promise<Target> {
  const binary = join(folder, 'epoll-server')
  execFileSync('gcc', ['-O2', '-o', binary, join(root, 'test/bench/epoll-server.c')])
  return startTarget('c', 4000, binary, [], cpus)
}

/** node:http and a small answer, nothing else: what a realistic service costs at least. */
export function startNodeServer(): Promise<Target> {
  const source = `
    const body = JSON.stringify({ items: Array.from({ length: 20 }, (_, id) => ({ id, name: 'item ' + id })) })
    const server = require('node:http').createServer((request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(body)
    })
    server.keepAliveTimeout = 600_000
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))
    process.stdin.on('end', () => process.exit()).resume()`
  return startTarget('node', 1000, process.execPath, ['--eval', source], String(placement.target))
}

async function startTarget(
  name: string,
  rps: number,
  file: string,
  args: readonly string[],
  cpus: string,
): Promise<Target> {
  const child = spawn('taskset', ['-c', cpus, file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  return {
    name,
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}/`,
    rps,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
