import { frameLabel, nodeName, UNKNOWN_FRAME } from '../profile/frame.ts'
import type { Profile } from '../profile/profile.ts'
import { columnOf } from '../profile/totals.ts'
import type { Format, WriteOptions } from './format.ts'

const SCHEMA = 'https://www.speedscope.app/file-format-schema.json'

/** speedscope's own JSON (its src/lib/file-format-spec.ts): one sampled profile a column, of stacks that are the same. */
export const speedscope: Format = {
  name: 'speedscope',
  label: 'a speedscope file',
  extensions: ['.speedscope.json'],
  begins: (start) => start.toString('latin1').includes(SCHEMA),
  read: null,
  write: writeSpeedscope,
}

function* writeSpeedscope(profile: Profile, { title, columns }: WriteOptions): Generator<string> {
  const ids = new Map<string, number>()
  const idOf = (name: string): number => {
    const known = ids.get(name)
    if (known !== undefined) return known
    ids.set(name, ids.size)
    return ids.size - 1
  }
  yield `{"$schema":${JSON.stringify(SCHEMA)},"exporter":"probe","name":${JSON.stringify(title)},"profiles":[`
  for (const [index, column] of columns.entries()) {
    if (index > 0) yield ','
    yield* sampledProfile(profile, column, idOf)
  }
  yield '\n],"shared":{"frames":['
  let separator = ''
  for (const name of ids.keys()) {
    yield `${separator}\n${JSON.stringify({ name: frameLabel(name), ...fileOf(name) })}`
    separator = ','
  }
  yield '\n]}}\n'
}

function* sampledProfile(
  profile: Profile,
  { key, label }: WriteOptions['columns'][number],
  idOf: (name: string) => number,
): Generator<string> {
  const self = columnOf(profile, key, profile.self)
  const weights: number[] = []
  const unit = profile.unit === 'ns' ? 'nanoseconds' : 'none'
  yield `\n{"type":"sampled","name":${JSON.stringify(label)},"unit":"${unit}","samples":[`
  for (let node = 0; node < profile.size; node++) {
    const weight = self[node] ?? 0
    if (!(weight > 0)) continue
    const stack: number[] = node === 0 ? [idOf(UNKNOWN_FRAME)] : []
    for (let at = node; at > 0; at = profile.parentOf[at] ?? 0) stack.push(idOf(nodeName(profile, at)))
    yield `${weights.length > 0 ? ',' : ''}\n${JSON.stringify(stack.reverse())}`
    weights.push(weight)
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  yield `],"weights":${JSON.stringify(weights)},"startValue":0,"endValue":${total}}`
}

/** speedscope colours by file: the kernel and just-in-time code get one of their own. */
function fileOf(name: string): { file?: string } {
  if (name.endsWith('_[k]')) return { file: '[kernel]' }
  return name.endsWith('_[j]') ? { file: '[jit]' } : {}
}
