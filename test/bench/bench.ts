import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadCatalog } from '../../probes/index.ts'
import { measureCost } from './cost.ts'
import { measureFootprint } from './footprint.ts'
import { measureWaits } from './latency.ts'
import { measureLoad } from './load.ts'
import { measureRepeats } from './repeat.ts'
import { createReport } from './report.ts'
import { measureSoak } from './soak.ts'
import { startEpollServer, startNodeServer, type Target } from './targets.ts'
import { measureTerminal } from './terminal.ts'
import { type Tracer, tracersFor } from './tracers.ts'

const usage = `npm run bench -- [--only cost,footprint,waits,load,terminal,soak,repeat] [--minutes 10] [--target c,node] [--rounds N] [--quick] [--json]

Prints what tracing costs a server, what probe itself uses and how long it lets you wait. Asserts nothing: read the
spread and the load average beside each figure. --quick is one round of short slots. As root, about five minutes.
\`npm run bench -- load\` compares the load generator with others and needs no root; about two minutes.
\`npm run bench -- terminal\` is about the screen on an invented run and a replay of hours, and needs no root either; two minutes.
\`npm run bench -- soak\` watches an audit of ten minutes, \`npm run bench -- repeat\` compares audits of a minute.`

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: 'waits,footprint,cost' },
    target: { type: 'string', default: 'c,node' },
    rounds: { type: 'string' },
    minutes: { type: 'string', default: '10' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (flags.help) {
  console.log(usage)
  process.exit()
}

const sections = new Set(positionals.length > 0 ? positionals : flags.only.split(','))
if (process.geteuid?.() !== 0 && [...sections].some((section) => section !== 'load' && section !== 'terminal')) {
  console.error('error: most of what is compared here must be root\n  fix: sudo npm run bench   (exit 3)')
  process.exit(3)
}

/** On a busy machine attaching takes longer: fewer rounds then, so that the whole stays within six minutes. */
const LAST_ROUND_MS = 290_000

const wanted = new Set(flags.target.split(','))
const slotMs = flags.quick ? 1000 : 1500
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 3))
const report = createReport(flags.json)
const folder = await mkdtemp(join(tmpdir(), 'probe-bench-'))
const targets: Target[] = []
try {
  if (sections.has('load')) await measureLoad(report, { folder, quick: flags.quick, rounds })
  if (sections.has('terminal')) await measureTerminal(report, { folder, watchMs: flags.quick ? 4_000 : 15_000 })
  const needsTarget = [...sections].some((section) => section !== 'load' && section !== 'terminal')
  if (needsTarget && wanted.has('c') && existsSync('/usr/bin/gcc')) targets.push(await startEpollServer(folder))
  else if (needsTarget && wanted.has('c')) report.missing('the c target', 'no /usr/bin/gcc')
  if (needsTarget && wanted.has('node')) targets.push(await startNodeServer())
  const probes = [...(await loadCatalog()).keys()]
  const last = targets.at(-1)
  if (sections.has('waits')) await measureWaits(report, { targets, runs: flags.quick ? 2 : 5 })
  if (sections.has('footprint') && last)
    await measureFootprint(report, { target: last, folder, watchMs: flags.quick ? 4_000 : 10_000 })
  if (sections.has('soak') && last) await measureSoak(report, { target: last, folder, minutes: Number(flags.minutes) })
  if (sections.has('repeat') && last) await measureRepeats(report, { target: last, folder, runs: rounds })
  if (sections.has('cost'))
    for (const [index, target] of targets.entries()) {
      const untilMs = (LAST_ROUND_MS * (index + 2)) / (targets.length + 1)
      await measureCost(report, { target, tracers: tracersOf(target, tracersFor(probes)), rounds, slotMs, untilMs })
    }
} finally {
  for (const target of targets) await target.stop()
  await rm(folder, { recursive: true })
}

/** The worst case meets every tracer; for the realistic server those that matter there are enough. */
function tracersOf({ name }: Target, all: Tracer[]): Tracer[] {
  const dear = /^probe, default|^probe (syscalls|off-cpu)|^strace/
  return name === 'node' ? all.filter((tracer) => dear.test(tracer.name)) : all
}
