import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { probe } from './attach.ts'
import { endOf, of, recordsIn, SERVER, write } from './audits.ts'
import { freshNetns } from './netns.ts'
import { kernelSuite, network } from './requirements.ts'

/** where the watched server listens, and where the other */
const PORT = '18473'
const OTHER = '18474'

/** Two network namespaces with a cable between them: 203.0.113.1 here, 203.0.113.5 there, and a server on each. */
async function neighbours() {
  const [here, there] = [freshNetns(), freshNetns()]
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  ip('link', 'add', 'eth0', 'netns', here.name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', there.name)
  for (const [{ name }, address] of [
    [here, '203.0.113.1/24'],
    [there, '203.0.113.5/24'],
  ] as const) {
    ip('-n', name, 'addr', 'add', address, 'dev', 'eth0')
    ip('-n', name, 'link', 'set', 'eth0', 'up')
  }
  const [watched, other] = await Promise.all([
    serve(here.prefix, '127.0.0.1', PORT),
    serve(there.prefix, '203.0.113.5', OTHER),
  ])
  // `ip netns exec` has a /sys of its own, without tracefs.
  return { prefix: ['nsenter', `--net=/run/netns/${here.name}`, '--'], watched, requests: other.requests }
}

async function serve(prefix: readonly string[], host: string, port: string) {
  const [file = '', ...args] = [...prefix, process.execPath, SERVER, port, '--host', host]
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(createInterface({ input: child.stdout }), 'line')
  const requests = () =>
    Number(
      execFileSync(
        file,
        [
          ...prefix.slice(1),
          process.execPath,
          '-e',
          `fetch('http://${host}:${port}/count').then((a) => a.text()).then(console.log)`,
        ],
        { encoding: 'utf8' },
      ),
    )
  return { pid: child.pid ?? 0, requests }
}

const planOf = (more: object, target: object = {}) => ({
  target: { url: `http://203.0.113.5:${OTHER}/`, ...target },
  peak: '50/s',
  load: { requests: [{ path: '/' }] },
  probes: ['off-cpu'],
  budgets: { overhead: null, send_lag: '5s' },
  thresholds: { p99: '10s' },
  phases: [{ name: 'base', duration: '1s', rate: '100%' }],
  ...more,
})

kernelSuite(
  'a load that would leave this host',
  () => {
    test('needs the plan, --yes, or a person; is bounded; and does not stand in for the watched listener', async () => {
      const { prefix, watched, requests } = await neighbours()
      const run = async (plan: object, ...flags: string[]) => {
        const { directory, file } = write(plan)
        const done = await probe(['audit', file, '--out', `${directory}/out`, '--no-ui', ...flags], {
          directory,
          prefix,
        })
        return { ...done, records: recordsIn(`${directory}/out`) }
      }
      const pid = { pid: watched.pid }

      const refused = await run(planOf({}, pid))
      expect([refused.code, refused.records]).toEqual([2, []])
      expect(refused.stderr).toMatch(
        /203\.0\.113\.5.*is not this host, and nobody has agreed[\s\S]*fix: .*consent: .*--yes/,
      )

      const fast = await run(planOf({ peak: '2000/s', consent: ['203.0.113.0/24'] }, pid))
      expect([fast.code, fast.records]).toEqual([2, []])
      expect(fast.stderr).toMatch(/asks for 2000\/s .*at most 1000\/s[\s\S]*ceiling: 2000\/s/)

      const astray = await run(planOf({ consent: ['203.0.113.5'] }, { url: `http://203.0.113.5:${PORT}/` }))
      expect([astray.code, astray.records]).toEqual([2, []])
      expect(astray.stderr).toMatch(/the load does not reach the watched listener, .* on port 18473/)

      const dry = await run(planOf({ consent: [`203.0.113.5:${OTHER}`] }, pid), '--dry-run')
      expect(dry.stdout.replace(/\n {16}/g, '   ')).toMatch(
        /^goes to +203\.0\.113\.5:18474 +not this host +consent by the plan \(203\.0\.113\.5:18474\) +at most 50\/s +ceiling 1\.00 k\/s$/m,
      )
      // Nothing of all this has sent anything.
      expect(requests()).toBe(0)

      const agreed = await run(planOf({}, pid), '--yes')
      expect([agreed.code, endOf(agreed.records)?.reason]).toEqual([0, 'done'])
      expect(of(agreed.records, 'note').map(({ text }) => text)).toContainEqual(
        expect.stringContaining('the load goes to 203.0.113.5:18474 (203.0.113.5), which is not this host'),
      )
      expect(requests()).toBeGreaterThanOrEqual(50)

      // A load that could not begin is said to be none, and proves nothing.
      // An address of an interface is this host, though it is not loopback.
      const own = await run(planOf({}, { ...pid, url: `http://203.0.113.1:${PORT}/` }))
      expect([own.code, own.stderr]).toEqual([4, expect.stringContaining('cannot connect to 203.0.113.1')])
      expect(own.stdout).toMatch(/^base is not valid: no load was made$/m)
      expect(of(own.records, 'summary').at(-1)?.phases).toMatchObject([{ valid: false, reasons: ['no load was made'] }])
    })
  },
  network,
)
