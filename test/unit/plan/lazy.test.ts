import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const script = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
  await import(process.argv[1])
  console.log(JSON.stringify(loaded.filter((url) => /node_modules\\/yaml|plan\\/(schema|read)\\.ts/.test(url))))
`

test('who attaches without a plan loads neither YAML nor the schema of plans', () => {
  const node = join(root, 'node_modules/.bin/node')
  const { stdout, stderr } = spawnSync(node, ['--input-type=module', '--eval', script, join(root, 'audit/index.ts')], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([])
}, 60_000)
