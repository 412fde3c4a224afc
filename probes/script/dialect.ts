import { compareVersions } from '../host/kernel-facts.ts'

/**
 * Which bpftrace accepts what, as data. The language is chosen so that one text works on 0.17 to 0.27; what remains
 * different stands here and nowhere else. Sources: bpftrace's CHANGELOG and own runs on 0.17.0, 0.23.2, 0.27.1.
 */
export type Version = readonly [major: number, minor: number, patch: number]

export interface Dialect {
  version: Version
  /**
   * 0.17 aborts ("Could not print map") when a key is deleted while its map is being printed: programs zero instead while
   * a frame that lists open waits is under way.
   */
  deletingWhilePrintingAborts: boolean
  /**
   * how stacks are asked for: `perf` gives address, symbol and module; from 0.24 its JSON glues them together, and a user
   * stack is either names (`bpftrace`) or addresses (`raw`, from 0.18, without blanks)
   */
  stackMode: { kernel: 'perf' | 'bpftrace'; user: 'perf' | 'bpftrace' | 'raw' }
  /** the word for a function-exit program: `fexit` is fatal to the parser before 0.20 */
  fexit: 'kretfunc' | 'fexit'
  /**
   * 0.17 has clang parse the declarations of every structure a script touches, and all that hang on them: half of its
   * start. 0.23 does it an order of magnitude faster.
   */
  resolvesStructsSlowly: boolean
  /** 0.17 reads the kernel's list of all events some 20 times for each tracepoint a script names: a third of its start */
  rereadsEventList: boolean
  /** environment of the process */
  environment: (mapEntries: number) => Record<string, string>
  /** what that environment needs besides for C++ names to be printed as the symbol tables have them */
  mangledNames: Readonly<Record<string, string>>
}

const from = (version: Version, since: Version): boolean => compareVersions(version, since) >= 0

export function dialectOf(version: Version): Dialect {
  return {
    version,
    deletingWhilePrintingAborts: !from(version, [0, 18, 0]),
    stackMode: from(version, [0, 24, 0]) ? { kernel: 'bpftrace', user: 'bpftrace' } : { kernel: 'perf', user: 'perf' },
    fexit: from(version, [0, 20, 0]) ? 'fexit' : 'kretfunc',
    resolvesStructsSlowly: !from(version, [0, 20, 0]),
    rereadsEventList: !from(version, [0, 18, 0]),
    environment: (mapEntries) => ({
      // Without the cache 0.17 reads a 100 MB symbol table for each stack: the first print of a Node target took 88 s.
      ...(from(version, [0, 20, 0]) ? {} : { BPFTRACE_CACHE_USER_SYMBOLS: '1' }),
      // Else "+offset" is followed by the source line, and inlined functions stand on lines of their own (src/usyms.cpp).
      ...(from(version, [0, 24, 0]) ? { BPFTRACE_SHOW_DEBUG_INFO: '0' } : {}),
      [from(version, [0, 20, 0]) ? 'BPFTRACE_MAX_MAP_KEYS' : 'BPFTRACE_MAP_KEYS_MAX']: String(mapEntries),
    }),
    // The later name is read by releases that no longer know the earlier.
    mangledNames: { BPFTRACE_NO_CPP_DEMANGLE: '1', BPFTRACE_CPP_DEMANGLE: '0' },
  }
}

/**
 * The same for a run: user stacks come as addresses, and are named by a process that has limits (symbols/reader.ts). A
 * tracer that names them opens what the target has mapped and its perf map: a pipe there, a file system that does not
 * answer or a symbol that takes gigabytes to demangle would hold it up for good. Callers that a walk passed over are found
 * from the addresses, too.
 */
export const withoutUserNames = (dialect: Dialect): Dialect =>
  from(dialect.version, [0, 18, 0])
    ? { ...dialect, stackMode: { ...dialect.stackMode, user: 'raw' } }
    : {
        ...dialect,
        // It has no mode for that: `perf` prints the address in any case, and a name only where it may look for one.
        environment: (mapEntries) => ({ ...dialect.environment(mapEntries), BPFTRACE_NO_USER_SYMBOLS: '1' }),
      }
