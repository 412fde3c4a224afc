import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { temporaryFolder } from '../../../files/index.ts'
import { hideSecrets } from '../../../probes/index.ts'
import type { Course, LoadDriver } from '../driver.ts'
import { tailFile } from '../follow/tail.ts'
import { LoadError } from '../load-error.ts'
import { findOnPath } from '../program.ts'
import { createJmxCourse } from './course.ts'
import { deathOf } from './death.ts'
import { createJtlReader } from './jtl.ts'
import { readJmxPlan } from './plan.ts'
import { startTool, type ToolProcess } from './process.ts'
import { propertiesText, resultSettings } from './settings.ts'
import { timetableOf } from './timetable.ts'

export interface JmeterOptions {
  /** the .jmx file */
  plan: string
  /** what its plan reads by `__P`; they reach it by a file that nobody else may read, for anybody may read arguments */
  properties: Readonly<Record<string, string>>
  /** where jmeter is looked for; the user's PATH without it */
  searchPath?: string
  /** takes secrets out of what JMeter says; by default what looks like one */
  clean?: (text: string) => string
}

const STOP_BOUND_MS = 2000
const PROPERTIES = 'plan.properties'
/** 2.13 says "the test", later ones "standalone test"; the time in ms comes last. */
const STARTED = /^Starting .*test.*\((\d{12,13})\)/
const LISTENS = /^Waiting for possible .*message on port \d+/

/**
 * Runs a JMeter plan without its window and reads its result file as it grows. JMeter takes seconds to start: until its test
 * starts the first phase goes on, and then each thread group of the plan begins one by `course.begin`, on the plan's timetable
 * where it has one. The load is a closed loop: nothing is planned per second, and latencies leave out what waited for a thread.
 *
 * `run` rejects with LoadError `tool_missing`, `generator_died` or `samples_unreadable`, or PlanError for the .jmx. JMeter's exit
 * code is 0 whatever its requests did, so the verdict has no opinion.
 */
export function jmeterDriver({
  plan,
  properties,
  searchPath = process.env['PATH'] ?? '',
  clean = hideSecrets,
}: JmeterOptions): LoadDriver {
  let tool: ToolProcess | null = null
  let stopPort: number | null = null
  let isStopped = false
  return {
    name: 'jmeter',
    pids: () => tool?.pids() ?? [],
    run: async (course) => {
      const file = findJmeter(searchPath)
      const jmx = await readJmxPlan(plan, properties)
      // Results of hours are large.
      const folder = temporaryFolder('jmeter', { isLarge: true })
      try {
        const port = await freeUdpPort()
        if (isStopped) return NO_OPINION
        const results = folder.pathOf('results.jtl')
        const log = folder.pathOf('jmeter.log')
        await folder.write(PROPERTIES, [propertiesText(properties)], 'new')
        if (!jmx.isOpenModel) course.note(CLOSED_LOOP)
        const phases = createJmxCourse(course, timetableOf(jmx))
        let hasStarted = false
        const running = startTool({
          file,
          args: argumentsOf(
            { plan, results, log, secrets: folder.pathOf(PROPERTIES) },
            {
              ...resultSettings(jmx.hasParentSamples ? 'xml' : 'csv'),
              'jmeterengine.nongui.port': String(port),
              'jmeterengine.nongui.maxport': String(port),
            },
          ),
          env: process.env,
          clean,
          onLine: (line) => {
            const startedMs = STARTED.exec(line)?.[1]
            if (startedMs !== undefined) {
              hasStarted = true
              void folder.remove(PROPERTIES).catch(() => undefined) // it has been read; at the end it goes in any case
              phases.testStarted(Number(startedMs))
            }
            if (LISTENS.test(line)) stopPort = port
          },
        })
        tool = running
        try {
          await follow(results, running, phases, course)
        } finally {
          running.kill('SIGKILL')
          await running.ended
          phases.close()
        }
        const { code, error } = await running.ended
        if (!isStopped && (code !== 0 || !hasStarted)) throw await deathOf(running, log, error, clean)
        return NO_OPINION
      } finally {
        tool = null
        folder.discard()
      }
    },
    stop: async () => {
      isStopped = true
      if (!tool) return
      const ends = tool.ended.then(() => true)
      const endsInTime = () => Promise.race([ends, after(STOP_BOUND_MS)])
      if (stopPort !== null) {
        await tellJmeter(stopPort, 'StopTestNow')
        if (await endsInTime()) return
      }
      tool?.kill('SIGTERM')
      if (await endsInTime()) return
      tool?.kill('SIGKILL')
      await ends
    },
  }
}

const CLOSED_LOOP =
  "JMeter's threads wait for an answer before they ask again: where the target is slow they ask less, and latencies leave out what was not asked"
const NO_OPINION = { failed: null, reasons: [] } as const

function findJmeter(searchPath: string): string {
  const file = findOnPath('jmeter', searchPath)
  if (file) return file
  throw new LoadError('tool_missing', 'no jmeter on the PATH', 'install Apache JMeter and add its bin folder to PATH')
}

function argumentsOf(
  { plan, results, log, secrets }: { plan: string; results: string; log: string; secrets: string },
  properties: Readonly<Record<string, string>>,
): string[] {
  const settings = Object.entries(properties).map(([name, value]) => `-J${name}=${value}`)
  return ['-n', '-t', resolve(plan), '-l', results, '-j', log, '-q', secrets, ...settings]
}

/** Books what JMeter writes until it has ended and all is read. A phase that cannot begin, or an unreadable file, ends it. */
async function follow(
  results: string,
  tool: ToolProcess,
  phases: ReturnType<typeof createJmxCourse>,
  { note }: Course,
): Promise<void> {
  const atEnd = new AbortController()
  void tool.ended.then(() => atEnd.abort())
  const reader = createJtlReader({ sample: phases.sample, skipped: phases.skipped, note })
  for await (const chunk of tailFile(results, { signal: atEnd.signal })) {
    reader.write(chunk)
    await phases.book()
  }
  reader.end()
  await phases.book()
}

/** A UDP port of loopback that is free now. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

async function tellJmeter(port: number, command: string): Promise<void> {
  const socket = createSocket('udp4')
  await new Promise<void>((sent) => socket.send(command, port, '127.0.0.1', () => sent()))
  socket.close()
}

/** false, later; the timer keeps nothing alive. */
const after = (ms: number): Promise<false> => new Promise((late) => setTimeout(() => late(false), ms).unref())
