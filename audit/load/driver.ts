import type { LoadSlice } from './generator.ts'

/**
 * What makes the load of an audit: the built-in generator, k6, JMeter, somebody else's run that is followed, or nobody.
 * The run cuts the kernel's windows; a driver says when a phase begins and what its requests did.
 */
export interface LoadDriver {
  /** as the recording names it: builtin, k6, jmeter, follow, none */
  readonly name: string
  /** processes that make the load now, for judging whether the generator was the bottleneck; never the target */
  pids(): readonly number[]
  /**
   * Drives the course from its first phase to its last answer. The first phase has begun (with `course.firstPhase`) when
   * this is called; each later one begins by `course.begin`, which resolves when the kernel has cut: load of the new phase
   * starts after that.
   *
   * @throws LoadError when the load cannot be made; phases recorded so far stand
   */
  run(course: Course): Promise<DriverVerdict>
  /** Stops the load at once; resolves when no further request is sent. `run` then resolves. May be called at any time. */
  stop(): Promise<void>
}

export interface Course {
  /** id of the phase that runs when the driver is started */
  readonly firstPhase: number
  /** ends the phase that runs and begins the next */
  begin(name: string, kind: string): Promise<BegunPhase>
  /** about once a second and phase; late answers come under the id of the phase their request started in */
  slice(slice: LoadSlice): void
  /** a sentence for the log of the run */
  note(text: string): void
}

export interface BegunPhase {
  id: number
  /** when the kernel cut, CLOCK_MONOTONIC ns as process.hrtime.bigint() reads it */
  atNs: bigint
}

/** What the load tool itself concluded; `failed` null: it has no opinion. */
export interface DriverVerdict {
  failed: boolean | null
  /** its own words, one line each, safe to show */
  reasons: readonly string[]
}
