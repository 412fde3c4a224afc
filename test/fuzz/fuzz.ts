import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findingText, fuzz } from './run.ts'
import { targets } from './targets.ts'

/**
 * `npm run fuzz -- [TARGET...] [--seconds N] [--seed S] [--cases N]`: each target for so many seconds (default 60) with other
 * cases each day; `npm run fuzz -- TARGET --input FILE --kind KIND` runs an input that was kept.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    cases: { type: 'string' },
    input: { type: 'string' },
    kind: { type: 'string', default: '' },
  },
})
const unknown = positionals.filter((name) => !Object.hasOwn(targets, name))
if (unknown.length > 0) {
  console.error(`no target is called ${unknown.join(', ')}; there are:`)
  for (const [name, { about }] of Object.entries(targets)) console.error(`  ${name.padEnd(18)}${about}`)
  process.exit(2)
}
const [first = ''] = positionals
if (values.input !== undefined) {
  const child = [join(import.meta.dirname, 'child.ts'), first, '-', values.kind, values.input]
  process.exit(
    spawnSync(process.execPath, ['--expose-gc', ...child], { stdio: ['ignore', 'inherit', 'inherit', 1] }).status ?? 1,
  )
}

const seed = Number(values.seed ?? Math.floor(Date.now() / 86_400_000))
const names = positionals.length > 0 ? positionals : Object.keys(targets)
let found = 0
console.log(`seed ${seed}`)
for (const target of names) {
  const cases = values.cases === undefined ? Number.MAX_SAFE_INTEGER : Number(values.cases)
  const withinMs = values.cases === undefined ? Number(values.seconds) * 1000 : Number.POSITIVE_INFINITY
  const result = await fuzz({ target, seed, cases, withinMs })
  found += result.findings.length
  const worst = `at most ${result.worstCpuS.toFixed(2)} s of CPU time and ${result.worstBytes >> 20} MiB`
  console.log(
    `${target.padEnd(18)}${String(result.cases).padStart(7)} cases, ${worst}, ${result.findings.length} findings`,
  )
  for (const finding of result.findings) console.log(findingText(finding))
}
process.exit(found > 0 ? 1 : 0)
