import { sanitizeText } from '../../../probes/index.ts'
import { LIMITS, limitText } from '../../limits.ts'
import { readBounded } from '../../plan/bounded-file.ts'
import { PlanError } from '../../plan/error.ts'
import { openModelDurationMs } from './open-model.ts'
import { readXmlTree, type XmlNode } from './xml-tree.ts'

/** What a JMeter plan (.jmx) says of its course. */
export interface JmxPlan {
  /** enabled thread groups in the order JMeter starts them */
  groups: readonly JmxGroup[]
  /** groups run one after another, each when the one before has ended */
  isSerial: boolean
  /** all of its load is of Open Model Thread Groups, which do not wait for answers */
  isOpenModel: boolean
  /** a Transaction Controller generates parent samples: only an XML result file then tells its requests */
  hasParentSamples: boolean
}

export interface JmxGroup {
  /** as thread names have it, safe to show; null: made of a variable whose value JMeter alone knows */
  name: string | null
  /** JMeter's number among the groups of its role, from 1 */
  number: number
  role: 'setup' | 'main' | 'teardown'
  /** null: not known before JMeter runs */
  threads: number | null
  /** from the start of the test, ms; null: not known */
  delayMs: number | null
  /** null: it ends when its loops are done, or not known */
  durationMs: number | null
}

const SIZE_LIMIT = 64 * 1024 * 1024
const LONGEST_NAME = 80

/**
 * Reads the thread groups of a plan. JMeter's load is a closed loop: a throughput timer slows threads down and an Open Model
 * Thread Group's rates are expressions, so there is no planned rate.
 *
 * @param properties as given to JMeter by -J; `${__P(name,default)}` is resolved by them
 * @throws PlanError `unreadable`, or `invalid` for what is no plan or has no enabled thread group
 */
export async function readJmxPlan(path: string, properties: Readonly<Record<string, string>> = {}): Promise<JmxPlan> {
  return parseJmxPlan(bytesOf(path), sanitizeText(path, { maxLength: 200 }), properties)
}

function bytesOf(path: string): Buffer {
  try {
    return readBounded(path, SIZE_LIMIT)
  } catch (error) {
    const shown = sanitizeText(path, { maxLength: 200 })
    throw new PlanError(
      'unreadable',
      `${shown}: ${error instanceof Error ? sanitizeText(error.message) : String(error)}`,
      'name a .jmx file',
    )
  }
}

/** The same, of a plan in memory. `shown` names it in errors. */
export function parseJmxPlan(bytes: Buffer, shown: string, properties: Readonly<Record<string, string>> = {}): JmxPlan {
  const root = readXmlTree(bytes)
  if (root === null)
    throw new PlanError(
      'invalid',
      `${shown}: this is no JMeter plan: there are more than ${limitText('jmxElements')}, or ${limitText('jmxDepth')}`,
      'save it with JMeter as .jmx',
    )
  const plan = root.children.find((node) => node.name === 'jmeterTestPlan')
  const top = plan?.children.find((node) => node.name === 'hashTree')
  const testPlan = top && enabledPairs(top).find(({ node }) => node.name === 'TestPlan')
  if (!testPlan)
    throw new PlanError('invalid', `${shown}: this is no JMeter plan: no TestPlan in it`, 'save it with JMeter as .jmx')
  const value = (text: string) => resolveProperties(text, properties)
  const isSerial = value(property(testPlan.node, 'TestPlan.serialize_threadgroups') ?? '') === 'true'
  const counts = { setup: 0, main: 0, teardown: 0 }
  const groups: JmxGroup[] = []
  let hasParentSamples = false
  let isOpenModel = true
  for (const { node, below } of enabledPairs(testPlan.below)) {
    const role = roleOf(node)
    if (!role) continue
    counts[role]++
    if (groups.length >= LIMITS.jmxGroups.most)
      throw new PlanError('invalid', `${shown}: there are more than ${limitText('jmxGroups')}`, 'leave some out')
    groups.push(readGroup(node, role, counts[role], value))
    hasParentSamples ||= makesParentSamples(below)
    isOpenModel &&= classOf(node) === OPEN_MODEL
  }
  if (groups.length === 0)
    throw new PlanError('invalid', `${shown}: no enabled thread group`, 'enable one in JMeter: it makes the load')
  const order = ['setup', 'main', 'teardown']
  groups.sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role))
  return { groups, isSerial, isOpenModel, hasParentSamples }
}

function readGroup(
  node: XmlNode,
  role: JmxGroup['role'],
  number: number,
  value: (text: string) => string | null,
): JmxGroup {
  const text = (name: string) => value(property(node, name) ?? '')
  const seconds = (name: string): number | null => {
    const found = text(name)
    return found !== null && /^\d{1,9}$/.test(found) ? Number(found) * 1000 : null
  }
  const threads = text('ThreadGroup.num_threads')
  const name = value(node.attributes.get('testname') ?? '')
  const common = {
    name: name === null ? null : sanitizeText(name, { maxLength: LONGEST_NAME }),
    number,
    role,
    threads: threads !== null && /^\d{1,9}$/.test(threads) ? Number(threads) : null,
  }
  const kind = classOf(node)
  if (kind === OPEN_MODEL)
    return {
      ...common,
      threads: null,
      delayMs: 0,
      durationMs: openModelDurationMs(text('OpenModelThreadGroup.schedule') ?? ''),
    }
  // Thread groups of plug-ins keep their times in forms of their own.
  if (!PLAIN_GROUPS.has(kind)) return { ...common, delayMs: null, durationMs: null }
  const scheduler = text('ThreadGroup.scheduler')
  if (scheduler !== 'true') return { ...common, delayMs: scheduler === null ? null : 0, durationMs: null }
  const delay = text('ThreadGroup.delay')
  return {
    ...common,
    // An empty delay is none.
    delayMs: delay === '' ? 0 : seconds('ThreadGroup.delay'),
    durationMs: seconds('ThreadGroup.duration') || null,
  }
}

const OPEN_MODEL = 'OpenModelThreadGroup'
const PLAIN_GROUPS = new Set(['ThreadGroup', 'SetupThreadGroup', 'PostThreadGroup'])
const classOf = (node: XmlNode): string => (node.attributes.get('testclass') ?? node.name).split('.').at(-1) ?? ''

function roleOf(node: XmlNode): JmxGroup['role'] | null {
  const name = classOf(node)
  if (!name.endsWith('ThreadGroup')) return null
  if (name === 'SetupThreadGroup') return 'setup'
  return name === 'PostThreadGroup' ? 'teardown' : 'main'
}

interface Pair {
  node: XmlNode
  /** the hashTree that follows: what belongs to the element */
  below: XmlNode
}

const NOTHING: XmlNode = { name: 'hashTree', attributes: new Map(), children: [], text: '' }

/** The elements of a hashTree, each with the hashTree after it, without the disabled ones. */
function enabledPairs(tree: XmlNode): Pair[] {
  const pairs: Pair[] = []
  for (const [at, node] of tree.children.entries()) {
    if (node.name === 'hashTree' || node.attributes.get('enabled') === 'false') continue
    const next = tree.children[at + 1]
    pairs.push({ node, below: next?.name === 'hashTree' ? next : NOTHING })
  }
  return pairs
}

function makesParentSamples(tree: XmlNode): boolean {
  return enabledPairs(tree).some(
    ({ node, below }) =>
      (classOf(node) === 'TransactionController' && property(node, 'TransactionController.parent') === 'true') ||
      makesParentSamples(below),
  )
}

/** The text of a property of an element; undefined where it has none of that name. */
function property(node: XmlNode, name: string): string | undefined {
  return node.children.find((child) => child.attributes.get('name') === name)?.text.trim()
}

/** Longest text of a property that is looked into: names and numbers are short. */
const LONGEST_PROPERTY = 4096

/** `${__P(name,default)}` and `${__property(name,,default)}`; null when anything else is left that JMeter computes. */
function resolveProperties(text: string, properties: Readonly<Record<string, string>>): string | null {
  if (text.length > LONGEST_PROPERTY) return null
  const resolved = text.replace(
    /\$\{__(P|property)\(([^(){}]*)\)\}/g,
    (whole, called: string, list: string) => propertyOf(called, list.split(','), properties) ?? whole,
  )
  return resolved.includes('${') ? null : resolved.trim()
}

/** What such a call stands for; null where its arguments are not those that JMeter takes. */
function propertyOf(
  called: string,
  list: readonly string[],
  properties: Readonly<Record<string, string>>,
): string | null {
  const name = list[0]?.trim() ?? ''
  const isLong = called === 'property'
  if (name === '' || list.length > (isLong ? 3 : 2)) return null
  if (Object.hasOwn(properties, name)) return properties[name] ?? ''
  // Without a default, __P gives 1 (JMeter's functions reference).
  return isLong ? (list[2] ?? '') : (list[1] ?? '1')
}
