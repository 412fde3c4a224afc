import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import type { Host } from './host.ts'
import { CLEAN_ENVIRONMENT, findProgram } from './privilege.ts'

/** What of a tracefs file can be had: its text, that it is not there, or that it may not be read. */
export type TracefsFile = { kind: 'text'; text: string } | { kind: 'absent' } | { kind: 'unreadable'; cause: string }

/** Reads a file of tracefs, through sudo where that is how the tracer gets its rights: the directory is root's alone. */
export async function readTracefs(host: Host, relativePath: string): Promise<TracefsFile> {
  if (host.tracefs === null) return { kind: 'unreadable', cause: 'tracefs is not mounted' }
  const file = path.join(host.tracefs, relativePath)
  try {
    return { kind: 'text', text: await readFile(file, 'utf8') }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' }
    if (code !== 'EACCES' || host.privilege.how !== 'sudo')
      return { kind: 'unreadable', cause: code === 'EACCES' ? `${file} is for root alone` : `${file}: ${code}` }
    return readAsRoot(host, file)
  }
}

/**
 * Names of the fields of a tracepoint's record, without the common_ ones. Lines look like
 * "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;".
 */
export function parseTracepointFields(format: string): Set<string> {
  const fields = new Set<string>()
  for (const [, name] of format.matchAll(/^\s*field:[^;]*?(\w+)(?:\[[^\]]*\])?;/gm))
    if (name !== undefined && !name.startsWith('common_')) fields.add(name)
  return fields
}

/** Fields of a tracepoint ("category:name") of the running kernel; `null` when it is absent or cannot be read. */
export async function tracepointFields(host: Host, tracepoint: string): Promise<ReadonlySet<string> | null> {
  const file = await readTracefs(host, formatPath(tracepoint))
  return file.kind === 'text' ? parseTracepointFields(file.text) : null
}

export const formatPath = (tracepoint: string): string => `events/${tracepoint.replace(':', '/')}/format`

async function readAsRoot(host: Host, file: string): Promise<TracefsFile> {
  const cat = await findProgram('cat')
  if (host.sudo === null || cat === null) return { kind: 'unreadable', cause: `${file} is for root alone` }
  const result = await execa(host.sudo, ['-n', '--', cat, '--', file], {
    env: CLEAN_ENVIRONMENT,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    timeout: 5000,
  })
  if (result.exitCode === 0) return { kind: 'text', text: result.stdout }
  return result.stderr.includes('No such file')
    ? { kind: 'absent' }
    : { kind: 'unreadable', cause: `${file} is for root alone` }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error)
