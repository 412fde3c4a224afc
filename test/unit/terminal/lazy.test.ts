import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
  await import(process.argv[1])
  console.log(JSON.stringify(loaded.filter((url) => /node_modules\\/(ink|react|yoga-layout)/.test(url))))
`

it('importing the room loads neither Ink nor React', () => {
  const room = fileURLToPath(new URL('../../../ui/index.ts', import.meta.url))
  const node = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))
  const { stdout, stderr } = spawnSync(node, ['--input-type=module', '--eval', script, room], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([])
}, 30_000)
