// Writes docs/probes/*.md from the catalog, docs/recording.md, docs/plan.md and docs/plan.schema.json from their schemas and
// docs/telemetry.md from the table of facts: run it when one of them changed.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import {
  digestSchema,
  initPlan,
  metricFacts,
  planSchemaText,
  RECORDING_VERSION,
  recordSchema,
  telemetrySources,
} from '../../audit/index.ts'
import { loadCatalog } from '../../probes/index.ts'

const root = resolve(import.meta.dirname, '../..')
const generated = 'Written by `npm run docs`; do not edit.'

const catalog = await loadCatalog()
rmSync(join(root, 'docs/probes'), { recursive: true, force: true })
mkdirSync(join(root, 'docs/probes'))
for (const probe of catalog.values()) write(`docs/probes/${probe.name}.md`, probePage(probe))
write('docs/recording.md', recordingPage())
write('docs/plan.schema.json', await planSchemaText())
write('docs/plan.md', planPage(JSON.parse(await planSchemaText())))
write('docs/telemetry.md', telemetryPage())

function write(file, text) {
  writeFileSync(join(root, file), `${text.trim()}\n`)
}

function probePage(probe) {
  const data = whatNothingLooksLike(probe)
  const figures = probe.draw.figures(data, { durationUs: 1_000_000, requests: 1 })
  return `
# ${probe.name}

${generated}

**${probe.question}**

Cost ${probe.cost}; ${probe.isDefault ? 'attached by default' : `only when named: \`probe attach ${probe.name} --pid 4242\``}.
What would run: \`probe script ${probe.name} --pid 4242\`.

## What it cannot see

${probe.blindTo.map((what) => `- ${what}`).join('\n')}

## Ways to attach

The first that the host supports is taken; \`probe list\` says which, and why others are not.

${table(
  ['variant', 'needs'],
  probe.variants.map((variant) => [
    `\`${variant.name}\``,
    variant.needs.map(describeNeed).join(', ') || 'the tracepoints in its script',
  ]),
)}

## Figures

${table(
  ['name', 'is', 'unit'],
  figures.map(({ key, label, unit }) => [`\`${probe.name}.${key}\``, label, unit.replaceAll('_', ' ')]),
)}
${flamePart(probe)}
## Data of a window

${fieldTable(json(probe.record), new Map())}
`
}

function flamePart({ draw: { flame } }) {
  if (!flame) return ''
  const views = flame.views.map(({ name, title }) => `\`${name}\` (${title})`).join(', ')
  return `\n## Stacks\n\nUnit: ${flame.unit}. Views: ${views}.\n`
}

/** A window in which nothing happened, as the probe's own decoder makes it. */
function whatNothingLooksLike(probe) {
  const frame = { startNs: 1, endNs: 1_000_000_001, withStacks: true, rows: () => [], open: () => [] }
  const context = {
    params: probe.params.parse({}),
    phaseStartNs: 1,
    ports: new Set(),
    counters: {},
    sleepers: [],
    sleptAtStart: [],
    processName: () => null,
    syscallName: String,
    errnoName: String,
    names: () => [],
  }
  return probe.variants[0].decode(frame, context).data
}

function describeNeed(need) {
  if (need.kind === 'tracepoint') return `tracepoint \`${need.name}\``
  if (need.kind === 'kprobe' || need.kind === 'fexit') return `${need.kind} \`${need.function}\``
  if (need.kind === 'bpftrace') return `bpftrace ${need.min}`
  return need.kind === 'btf' ? 'BTF' : 'perf events'
}

function recordingPage() {
  const source = readFileSync(join(root, 'audit/recording/format.ts'), 'utf8')
  const comments = commentsByType(source)
  const records = [...recordSchema.options, digestSchema].map((schema) => {
    const shape = json(schema)
    const names = namesOf(shape.properties.type)
    return `## ${names.map((name) => `\`${name}\``).join(', ')}\n\n${fieldTable(shape, new Map([...comments.get(''), ...(comments.get(names[0]) ?? [])]))}`
  })
  return `
# The recording, version ${RECORDING_VERSION}

${generated} The source is \`audit/recording/format.ts\`.

NDJSON: one record a line, append-only, readable up to its last whole line after a crash; \`.ndjson\`, or \`.ndjson.gz\` and
\`.ndjson.zst\` once closed. The first record is \`header\`, the last \`end\`. Times are integer microseconds since \`header.started\`;
durations are ns unless the key says otherwise; sizes are bytes. Readers ignore record types and keys they do not know, and lines
of more than 8 MiB: long \`stacks\`, \`frames\` and \`summary\` come in several records, which add up. The version rises only for
changes that break a reader. What could not be measured is \`null\`, never 0, and a \`note\` says why.

A \`window\` never crosses the boundary of a phase. Its \`data\` is that of its probe: ${[...catalog.keys()]
    .map((name) => `[${name}](probes/${name}.md)`)
    .join(', ')}.

${records.join('\n\n')}

## Histograms

\`{ unit, scheme: "log16", count, sum, max, buckets: [[index, count], …] }\`: 16 buckets an octave, at most 6.25 % wide. Values below
16 are their own index. From there a bucket begins at (16 + index mod 16) · 2^(index div 16 − 1) and is 2^(index div 16 − 1) wide.
`
}

function planPage(schema) {
  return `
# The plan of an audit

${generated} The source is \`audit/plan/schema.ts\`.

\`probe audit init URL\` writes a plan to start from, and beside it the [JSON Schema](plan.schema.json) by which editors complete it:

\`\`\`yaml
${initPlan('http://127.0.0.1:8080/').trim()}
\`\`\`

- YAML or JSON, UTF-8, at most 1 MiB. Anchors, aliases, tags and merge keys are not part of it. Every key but the target has a default;
  an unknown key is an error, and an error names line, column and key.
- Times are \`500ms\`, \`2s\`, \`15m\`, \`4h\`; rates \`500/s\`, \`30/m\`, \`3600/h\`, \`200%\` of \`peak\`, or \`0\`; shares \`1%\`. No unit is guessed.
- Names of files are relative to the plan. \`$NAME\` or \`\${NAME}\` in headers, \`auth\`, \`env\` and \`properties\` is taken from the environment
  (\`$$\` is a dollar sign); a variable that is not set is an error. The recording holds the names of variables, never their values,
  and of bodies only their size and a part of their hash.
- A phase has one of \`rate\`, \`ramp\`, \`step\` and \`search\`. k6 scenarios and JMeter thread groups are phases of their own: such plans
  have none. With the drivers \`none\` and \`follow\`, phases have a duration only, or come from \`probe mark\`, or from the file.
- Windows last \`interval\`. A phase older than 5 minutes is told in coarser ones: a 300th of its age, at most 10 s. Sums stay exact.

## Keys

${table(['key', 'type', 'meaning'], planRows(schema, ''))}
`
}

/** One row a key of a plan, those of the load drivers by driver. */
function planRows(schema, prefix) {
  const required = new Set(schema.required ?? [])
  return Object.entries(schema.properties ?? {})
    .filter(([key]) => key !== 'driver' && key !== '$schema')
    .flatMap(([key, field]) => {
      const path = `${prefix}${key}`
      const isMap = (one) => one?.properties !== undefined
      const inner = isMap(field.items) ? `${path}[]` : path
      const branches = [field, field.items, ...(field.anyOf ?? []), ...(field.oneOf ?? [])].filter(isMap)
      const must = required.has(key) ? 'needed; ' : ''
      return [
        [`\`${path}\``, planType(field), `${must}${field.description ?? ''}`],
        ...branches.flatMap((branch) => {
          const driver = branch.properties.driver?.const
          const head = driver ? [[`\`${path}\` of driver \`${driver}\``, 'map', branch.description]] : []
          return [...head, ...planRows(branch, `${inner}.`)]
        }),
      ]
    })
}

/** A word for what stands there; the shape of a text is in its description. */
function planType(field) {
  if (field.anyOf) return [...new Set(field.anyOf.map(planType))].join(' or ')
  if (field.const !== undefined) return `\`${field.const}\``
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(', ')
  if (field.properties || field.oneOf) return 'map'
  if (field.type === 'array')
    return field.items && !field.items.properties ? `list of ${planType(field.items)}` : 'list'
  if (field.type === 'string') return textType(field.pattern ?? '')
  return { object: 'names and texts', integer: 'number', null: 'null' }[field.type] ?? field.type
}

function textType(pattern) {
  if (pattern.includes('(ms|s|m|min|h)')) return 'time'
  if (pattern.includes('min|\\/h)')) return 'rate'
  return pattern.endsWith('%$') ? 'share' : 'text'
}

function telemetryPage() {
  const netns = { name: 'netns', from: '/proc/PID/net/netstat, snmp, with each cut', every: 1 }
  const parts = [...telemetrySources, netns].map(({ name, from, every }) => {
    const facts = metricFacts.filter(({ source }) => source === name)
    const often =
      every === 1 ? 'each sample' : Number.isFinite(every) ? `every ${every} samples` : 'at the ends of phases'
    return `## \`${name}\`\n\n${from.replaceAll('*', '\\*')}; ${often}.\n\n${table(
      ['number', 'is', 'kind', 'unit', 'limit'],
      facts.map((fact) => [
        `\`${fact.name}\`${fact.headline ? ' ▪' : ''}`,
        fact.label.replaceAll('*', '\\*'),
        fact.kind,
        fact.unit,
        fact.limit ? `\`${fact.limit}\`` : '',
      ]),
    )}`
  })
  return `
# Telemetry

${generated} The source is \`audit/telemetry/facts.ts\`.

What \`telemetry\` records of [the recording](recording.md) hold: numbers of /proc, /sys and the target's cgroup, sampled
with the windows of the probes and at the end of each phase. PID is a process of the target; \`*\` stands for what differs
(an interface, a port, a level of cgroup); \`own.\` is the target's cgroup, \`up1.\` the one above it. A counter grows from
boot, or from the first sample where it is added up over processes; a gauge is a level. ▪ has a row in the table of phases
when it moves. A reading that is dear (many connections) is taken less often, at most 0.05 % of a core each. What cannot
be read on a host is named in a \`note\`, and unknown.

${parts.join('\n\n')}
`
}

function json(schema) {
  return z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' })
}

/** The doc comments of each record's own keys, by its type; under '' those of the schemas that records share. */
function commentsByType(source) {
  const found = new Map([['', new Map()]])
  for (const [block] of source.matchAll(/^export const \w+Schema = z\.object\(\{$.*?^\}\)$/gms)) {
    const type = /type: z\.(?:literal\('|enum\(\[')(\w+)/.exec(block)?.[1] ?? ''
    const keys = [...block.matchAll(/^ +\/\*\* (.*?) \*\/\n +(\w+):/gm)].map(([, text, key]) => [key, text])
    found.set(type, new Map([...(found.get(type) ?? []), ...keys]))
  }
  return found
}

function fieldTable(shape, comments) {
  const rows = rowsOf(shape, '').filter(([key]) => key !== '`type`')
  const meanings = rows.map(([, , key]) => comments.get(key) ?? '')
  return meanings.some(Boolean)
    ? table(
        ['key', 'type', 'meaning'],
        rows.map(([path, type], index) => [path, type, meanings[index]]),
      )
    : table(
        ['key', 'type'],
        rows.map(([path, type]) => [path, type]),
      )
}

/** One row a key, those of objects within objects too: `target.processes[].pid`. */
function rowsOf(shape, prefix) {
  const required = new Set(shape.required ?? [])
  return Object.entries(shape.properties ?? {}).flatMap(([key, field]) => {
    const path = `${prefix}${key}`
    const missing = required.has(key) ? '' : ' (may be missing)'
    const [inner, suffix] = objectIn(field)
    const own = (type) => [`\`${path}\`${missing}`, type, key]
    if (!inner) return [own(typeOf(field))]
    return [...(field.anyOf ? [own('object or null')] : []), ...rowsOf(inner, `${path}${suffix}.`)]
  })
}

/** The object whose keys are worth rows of their own: the field itself, its elements, or its values by name. */
function objectIn(field) {
  const is = (one) => one?.type === 'object' && one.properties && !one.properties.scheme
  const some = field.anyOf?.find(is)
  if (is(field)) return [field, '']
  if (is(field.items)) return [field.items, '[]']
  if (is(field.additionalProperties)) return [field.additionalProperties, '.NAME']
  return some ? [some, ''] : [null, '']
}

/** A JSON Schema type in a few words. */
function typeOf(field) {
  if (field.anyOf) return [...new Set(field.anyOf.map(typeOf))].join(' or ')
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(', ')
  if (field.prefixItems) return `[${field.prefixItems.map(typeOf).join(', ')}]`
  if (field.type === 'array') return `[${typeOf(field.items ?? {})}, …]`
  if (field.properties?.scheme) return '[histogram](../recording.md#histograms)'
  if (field.type === 'object') return `{ NAME: ${typeOf(field.additionalProperties || {})}, … }`
  return [field.type ?? 'anything'].flat().join(' or ')
}

function namesOf(field) {
  return field.const === undefined ? field.enum : [field.const]
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
