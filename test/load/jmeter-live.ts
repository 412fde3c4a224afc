import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { findOnPath } from '../../audit/load/program.ts'

const HOME = '/usr/share/jmeter'
const CLASS_PATH = ['/usr/share/java/bsh.jar', `${HOME}/bin/ApacheJMeter.jar`, `${HOME}/lib/*`, `${HOME}/lib/ext/*`]

/** A PATH on which a JMeter stands that runs plans, or why there is none here. */
export type LiveJmeter = { searchPath: string; remove(): void } | { lacks: string }

/** Debian's JMeter 2.13, behind a start script that does not hand its process over, like JMeter's own. */
export function liveJmeter(): LiveJmeter {
  const path = process.env['PATH'] ?? ''
  if (!findOnPath('java', path)) return { lacks: 'no java on this host (apt-get install jmeter jmeter-http)' }
  const http = `${HOME}/lib/ext/ApacheJMeter_http.jar`
  const missing = [http, CLASS_PATH[0] ?? ''].find((file) => !existsSync(file))
  if (missing) return { lacks: `no ${missing} on this host (apt-get install jmeter jmeter-http)` }
  const folder = mkdtempSync(join(tmpdir(), 'probe-live-jmeter-'))
  const script = join(folder, 'jmeter')
  const start = join(import.meta.dirname, 'jmeter-2.13.bsh')
  writeFileSync(
    script,
    `#!/bin/sh\njava -Xmx256m -Djmeter.home=${HOME} -cp '${CLASS_PATH.join(':')}' bsh.Interpreter '${start}' "$@"\n`,
  )
  chmodSync(script, 0o755)
  return { searchPath: `${folder}${delimiter}${path}`, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
