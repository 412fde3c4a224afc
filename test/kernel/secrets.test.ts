import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { freshDirectory, probe } from './attach.ts'
import { audit, freePort, SERVER, write } from './audits.ts'
import { kernelSuite } from './requirements.ts'

let made = 0
/** A secret as nobody writes one by chance, told apart from all others: where it leaks from is in its name. */
const secret = (place: string): string => `Qz7${place}x${process.pid}k${++made}`
const LEAK = /Qz7\w*/g

/** Everything that stands in a folder, unpacked. */
function bytesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const bytes = readFileSync(join(entry.parentPath, entry.name))
      return (entry.name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
    })
    .join('\n')
}

const leaks = (...texts: string[]): string[] => [...new Set(texts.flatMap((text) => text.match(LEAK) ?? []))]

const argumentsOf = (port: number): string[] => [
  ...[process.execPath, SERVER, String(port), '--', `--password=${secret('eq')}`, '--api-key', secret('next')],
  ...[
    `-p${secret('short')}`,
    `postgres://u:${secret('url')}@h/db`,
    '--header',
    `Authorization: Digest ${secret('hdr')}`,
  ],
  ...['-H', `X-Any: ${secret('h')}`, '--pwd', secret('pwd'), `--pass=${secret('pass')}`, `--key=${secret('key')}`],
  ...[`DB_PASSWORD=${secret('var')}`, '-u', `me:${secret('user')}`, `-Da.secret=${secret('d')}`],
  `Server=h;Password=${secret('conn')};Database=d`,
]

const planOf = (port: number, command: readonly string[]) => ({
  target: {
    url: `http://127.0.0.1:${port}/path?token=${secret('query')}&x=1`,
    command,
    env: { DB_PASSWORD: '$SECRET_OF_ENV', PLAIN: secret('env'), PGPASS: secret('pgpass') },
  },
  peak: '50/s',
  load: {
    headers: { 'x-api-key': '$SECRET_OF_ENV', 'x-custom': secret('custom'), cookie: `sid=${secret('cookie')}` },
    auth: { basic: { user: 'me', password: secret('basic') } },
    requests: [
      { path: `/one?session=${secret('session')}&pin=${secret('pin')}` },
      { method: 'POST', path: '/two', body: `{"password":"${secret('body')}"}` },
      { path: '/three', headers: { 'x-auth': secret('auth') }, expect: { body_includes: secret('expect') } },
    ],
  },
  abort: false,
  probes: ['off-cpu'],
  phases: [{ name: 'base', duration: '2s', rate: '100%' }],
})

const surroundings = () => ({ env: { SECRET_OF_ENV: secret('fromenv') } })

kernelSuite('no secret of a plan or of a target', () => {
  test('gets into what an audit prints and leaves', async () => {
    const port = await freePort()
    const done = await audit(planOf(port, argumentsOf(port)), surroundings())
    expect(done.stderr).not.toContain('error:')
    const left = bytesIn(done.out)
    expect(left).toContain('--api-key (hidden)')
    expect(leaks(done.stdout, done.stderr, left)).toEqual([])
  })

  test('gets into a dry run, in text or as JSON', async () => {
    const port = await freePort()
    const { directory, file } = write(planOf(port, argumentsOf(port)))
    const [text, json] = await Promise.all(
      [[], ['--json']].map((more) => probe(['audit', file, '--dry-run', ...more], { ...surroundings(), directory })),
    )
    expect([text?.code, json?.code]).toEqual([0, 0])
    expect(leaks(text?.stdout ?? '?Qz7', text?.stderr ?? '', json?.stdout ?? '?Qz7', json?.stderr ?? '')).toEqual([])
  })

  test('gets into the error of a command that fails, though it repeats all it was given', async () => {
    const tells = 'console.error(process.argv.slice(1).join("\\n"), JSON.stringify(process.env)); process.exit(7)'
    const [node = '', , ...rest] = argumentsOf(await freePort())
    const failed = await audit(planOf(1, [node, '-e', tells, '--', ...rest]), surroundings())
    expect(failed.code).toBe(2)
    expect(failed.stderr).toMatch(
      /did not come up: it ended with code 7\n[\s\S]*\(hidden\)[\s\S]*run it by hand: .*\(hidden\)/,
    )
    expect(leaks(failed.stdout, failed.stderr)).toEqual([])
  })

  test('gets into the recording of an attach', async () => {
    const port = await freePort()
    const [file = '', ...args] = argumentsOf(port)
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(createInterface({ input: child.stdout }), 'line')
    const directory = freshDirectory()
    const done = await probe(['attach', 'on-cpu', '--pid', String(child.pid), '--duration', '1s', '--no-ui'], {
      directory,
    })
    expect(done.code).toBe(0)
    expect(bytesIn(directory)).toContain('--api-key (hidden)')
    expect(leaks(done.stdout, done.stderr, bytesIn(directory))).toEqual([])
  })

  test('reaches JMeter by its arguments, which anybody may read, or gets into what it says', async () => {
    const directory = freshDirectory()
    const port = await freePort()
    const [file = '', ...args] = [process.execPath, SERVER, String(port)]
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(createInterface({ input: child.stdout }), 'line')
    const bin = join(directory, 'bin')
    mkdirSync(bin)
    // A JMeter that tells how it was started, what its properties are, and fails.
    writeFileSync(
      join(bin, 'jmeter'),
      `#!/bin/sh
tr '\\0' ' ' < /proc/$$/cmdline > '${directory}/seen'
while [ "$1" != -q ]; do shift; done
stat -c '%a' "$2" > '${directory}/mode'
cp "$2" '${directory}/properties'
cat "$2"
exit 3
`,
    )
    chmodSync(join(bin, 'jmeter'), 0o755)
    writeFileSync(
      join(directory, 't.jmx'),
      '<jmeterTestPlan><hashTree><TestPlan testname="t"/><hashTree><ThreadGroup testname="g"/><hashTree/></hashTree></hashTree></jmeterTestPlan>',
    )
    const token = secret('jmeter')
    const plan = {
      target: { port },
      load: { driver: 'jmeter', plan: 't.jmx', properties: { token: '$T', 'a b': secret('j') } },
      probes: ['off-cpu'],
    }
    writeFileSync(join(directory, 'plan.json'), JSON.stringify(plan))
    const done = await probe(['audit', join(directory, 'plan.json'), '--out', join(directory, 'out'), '--no-ui'], {
      directory,
      env: { T: token, PATH: `${bin}:${process.env['PATH']}` },
    })
    expect(done.code).toBe(5)
    expect(done.stderr).toMatch(/jmeter ended with code 3[\s\S]*token=\(hidden\)/)
    expect(readFileSync(join(directory, 'mode'), 'utf8').trim()).toBe('600')
    expect(readFileSync(join(directory, 'properties'), 'utf8')).toContain(`token=${token}\n`)
    expect(
      leaks(done.stdout, done.stderr, readFileSync(join(directory, 'seen'), 'utf8'), bytesIn(join(directory, 'out'))),
    ).toEqual([])
    const file2 = /-q (\S+)/.exec(readFileSync(join(directory, 'seen'), 'utf8'))?.[1] ?? ''
    expect([file2 === '', existsSync(file2)]).toEqual([false, false])
  })
})
