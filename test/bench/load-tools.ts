import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './processes.ts'
import { placement } from './targets.ts'

/** Another program that makes load, in a closed loop as fast as it can, on 50 connections. */
export interface Tool {
  name: string
  /** absolute path, or null where this machine has none */
  file: string | null
  args: (url: string, seconds: number) => string[]
  /** requests that were answered, from what it prints */
  requestsOf: (output: string) => number
  /** CPU time that it says it used for them, us; without it that of the whole process counts, its start included */
  cpuUsOf?: (output: string) => number
}

const CONNECTIONS = 50
const [k6File, autocannon] = ['k6', 'autocannon'].map(onPath)

/** undici, the general client that the built-in generator used before: a closed loop, measured after a second of warm-up. */
const undiciLoop = `
  import { Client } from 'undici'
  const [url, seconds] = process.argv.slice(-2)
  const from = performance.now() + 1000
  const until = from + seconds * 1000
  let done = 0
  let used = null
  const request = { method: 'GET', path: '/' }
  for (let i = 0; i < ${CONNECTIONS}; i++) {
    const client = new Client(url)
    const next = () => {
      if (performance.now() > until) return client.destroy()
      client.dispatch(request, {
        onRequestStart() {}, onResponseStart() {}, onResponseData() {}, onResponseError() {},
        onResponseEnd() {
          if (used === null && performance.now() > from) used = process.cpuUsage()
          if (used !== null) done++
          next()
        },
      })
    }
    next()
  }
  process.on('exit', () => {
    const { user, system } = process.cpuUsage(used)
    console.log('requests ' + done + ' cpu ' + (user + system))
  })`

export const tools: readonly Tool[] = [
  {
    name: 'wrk',
    file: onPath('wrk'),
    args: (url, seconds) => ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url],
    requestsOf: (output) => Number(/(\d+) requests in/.exec(output)?.[1]),
  },
  {
    name: 'hey',
    file: onPath('hey'),
    args: (url, seconds) => ['-c', `${CONNECTIONS}`, '-z', `${seconds}s`, '-cpus', '1', url],
    requestsOf: (output) => Number(/\[200\]\s+(\d+) responses/.exec(output)?.[1]),
  },
  {
    name: 'undici Client.dispatch',
    file: process.execPath,
    args: (url, seconds) => ['--input-type=module', '--eval', undiciLoop, '--', url, String(seconds)],
    requestsOf: (output) => Number(/requests (\d+)/.exec(output)?.[1]),
    cpuUsOf: (output) => Number(/cpu (\d+)/.exec(output)?.[1]),
  },
  {
    name: 'autocannon',
    file: autocannon ?? null,
    args: (url, seconds) => ['-c', `${CONNECTIONS}`, '-d', String(seconds), '--json', url],
    requestsOf: (output) => Number(/"requests":\{[^}]*"total":(\d+)/.exec(output)?.[1]),
  },
  {
    name: 'k6',
    file: k6File ?? null,
    args: (url, seconds) => [
      ...['run', '--vus', `${CONNECTIONS}`, '--duration', `${seconds}s`, '--env', `URL=${url}`],
      join(root, 'test/bench/k6.js'),
    ],
    requestsOf: (output) => Number(/http_reqs[. ]*:\s*(\d+)/.exec(output)?.[1]),
  },
]

/** CPU time per request of one run, us, and the requests it made. */
export async function runTool(tool: Tool, url: string, seconds: number): Promise<{ cpuUs: number; requests: number }> {
  if (!tool.file) throw new Error(`no ${tool.name}`)
  const beforeUs = childrenCpuUs()
  const argv = ['-c', String(placement.generator), tool.file, ...tool.args(url, seconds)]
  const { stdout } = await promisify(execFile)('taskset', argv, {
    cwd: root,
    env: { ...process.env, K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false' },
  })
  const requests = tool.requestsOf(stdout)
  return { cpuUs: (tool.cpuUsOf?.(stdout) ?? childrenCpuUs() - beforeUs) / requests, requests }
}

/** CPU time of all children that have ended, us: cutime and cstime of proc(5), in ticks of 10 ms. */
function childrenCpuUs(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10_000
}

function onPath(name: string): string | null {
  const folders = [join(root, 'node_modules/.bin'), ...(process.env['PATH'] ?? '').split(':')]
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null
}
