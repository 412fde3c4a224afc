// Builds dist/ beside the old one and swaps them, so that a failed build leaves what worked.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Plugin } from '@oclif/core/config'
import { filesUnder, sourceStamp, stampFile } from './stamp.mjs'

const root = resolve(import.meta.dirname, '../..')
const fresh = join(root, `dist.${process.pid}`)
try {
  const stamp = sourceStamp(root)
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', fresh], {
    cwd: root,
    stdio: 'inherit',
  })
  copyAssets()
  writeFileSync(join(fresh, 'package.json'), '{ "type": "module" }\n')
  writeFileSync(join(fresh, stampFile.replace('dist/', '')), stamp)
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  renameSync(fresh, join(root, 'dist'))
  await writeManifest()
} catch (error) {
  rmSync(fresh, { recursive: true, force: true })
  // The compiler has said what is wrong.
  if (typeof error.status !== 'number') console.error(error)
  process.exitCode = 1
}

/** Files that are read at run time but are no TypeScript. */
function copyAssets() {
  const assets = ['probes', 'audit', 'ui', 'fixtures/targets']
    .flatMap((room) => filesUnder(root, room))
    .filter((file) => !/\.(tsx?|md)$/.test(file))
  for (const file of assets) {
    mkdirSync(dirname(join(fresh, file)), { recursive: true })
    copyFileSync(join(root, file), join(fresh, file))
  }
}

/** oclif reads this instead of loading every command: what makes `probe --help` quick. */
async function writeManifest() {
  process.env['NODE_ENV'] = 'production'
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true })
  await plugin.load()
  writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest)}\n`)
}
