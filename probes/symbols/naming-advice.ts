/** What is known of a process that decides how well its stacks can be walked and named. null: could not be read. */
export interface NamingFacts {
  pid: number
  /** the kernel's name of the process, safe to show */
  program: string
  /** its arguments, and those that environment variables add for its runtime; null: unreadable */
  arguments: readonly string[] | null
  runtime: Runtime
  /** a perf map that may be read is there now */
  hasPerfMap: boolean
  /** a table of all symbols, in the program or beside it */
  hasSymbolTable: boolean | null
  /** the table is compressed within the program, and there is nothing to unpack it */
  needsXz: boolean
  /** the program has all its libraries in itself */
  isStatic: boolean
  /** share of the program's functions that set up a frame pointer; of a static program its `main` alone, 1 or 0 */
  framedShare: number | null
  /** names of libraries without frame pointers; untrusted text */
  framelessLibraries: readonly string[]
}

export type Runtime =
  | { kind: 'native' | 'node' | 'java' | 'go' | 'dotnet' }
  | { kind: 'python'; version: readonly [major: number, minor: number] | null }

/** Something that will be missing from stacks, and what to do. */
export interface NamingAdvice {
  id: string
  /** what is missing, of what, why */
  text: string
  /** null: nothing that the owner of the target can do */
  fix: string | null
}

/** A piece of advice in one line. */
export const adviceText = ({ text, fix }: NamingAdvice): string => (fix === null ? text : `${text}: ${fix}`)

/** What will be missing from the stacks of a process, most important first; nothing is said of what is unknown. */
export function adviseNaming(facts: NamingFacts): NamingAdvice[] {
  return rules.flatMap(({ id, when, text, fix }) =>
    when(facts)
      ? [
          {
            id,
            text: `${facts.program} (${facts.pid}): ${text(facts)}`,
            fix: typeof fix === 'function' ? fix(facts) : fix,
          },
        ]
      : [],
  )
}

interface Rule {
  id: string
  when: (facts: NamingFacts) => boolean
  text: (facts: NamingFacts) => string
  fix: string | ((facts: NamingFacts) => string) | null
}

/** Fewer functions than this share have a frame: the program was not compiled for it. Measured: 0.87 and above with, 0.06 without. */
export const FRAMED = 0.5

const rules: readonly Rule[] = [
  {
    id: 'node-perf-map',
    when: ({ runtime, hasPerfMap }) => runtime.kind === 'node' && !hasPerfMap,
    text: () => 'JavaScript functions have no names, since it writes no perf map',
    fix: 'start node with --perf-basic-prof-only-functions --interpreted-frames-native-stack (or put both in NODE_OPTIONS)',
  },
  {
    id: 'node-interpreted',
    when: (facts) =>
      facts.runtime.kind === 'node' && facts.hasPerfMap && lacks(facts, /^--interpreted[-_]frames[-_]native[-_]stack$/),
    text: () =>
      'JavaScript functions have names only once they are compiled: interpreted ones all look like the interpreter',
    fix: 'start node with --interpreted-frames-native-stack as well',
  },
  {
    id: 'java-frame-pointer',
    when: (facts) => facts.runtime.kind === 'java' && lacks(facts, /^-XX:\+PreserveFramePointer$/),
    text: () => 'stacks end at the first compiled Java method, since compiled code keeps no frame pointer',
    fix: 'start java with -XX:+PreserveFramePointer (or put it in JAVA_TOOL_OPTIONS)',
  },
  {
    id: 'java-perf-map',
    when: ({ runtime, hasPerfMap }) => runtime.kind === 'java' && !hasPerfMap,
    text: () => 'Java methods have no names, since there is no perf map',
    fix: ({ pid }) =>
      `when it has warmed up, and again when it has compiled more, run as its user: jcmd ${pid} Compiler.perfmap (JDK 17 and later; a map is of that moment, and is read while probe runs)`,
  },
  {
    id: 'python-version',
    when: ({ runtime }) =>
      runtime.kind === 'python' && runtime.version !== null && !atLeast(runtime.version, PERF_SUPPORT),
    text: ({ runtime }) =>
      `Python functions have no names: frames are the interpreter's, which Python ${runtime.kind === 'python' ? runtime.version?.join('.') : ''} cannot name for others`,
    fix: 'run it with Python 3.12 or later and -X perf',
  },
  {
    id: 'python-perf',
    when: ({ runtime, hasPerfMap }) =>
      runtime.kind === 'python' && runtime.version !== null && atLeast(runtime.version, PERF_SUPPORT) && !hasPerfMap,
    text: () => 'Python functions have no names, since it writes no perf map',
    fix: 'start python with -X perf (or PYTHONPERFSUPPORT=1)',
  },
  {
    id: 'python-frame-pointer',
    when: ({ runtime, hasPerfMap, framelessLibraries }) =>
      runtime.kind === 'python' && hasPerfMap && framelessLibraries.some((name) => name.startsWith('libpython')),
    text: () => 'Python functions are missing from stacks, since the interpreter was compiled without frame pointers',
    fix: 'compile Python with CFLAGS="-fno-omit-frame-pointer -mno-omit-leaf-frame-pointer"',
  },
  {
    id: 'dotnet-perf-map',
    when: ({ runtime, hasPerfMap }) => runtime.kind === 'dotnet' && !hasPerfMap,
    text: () => '.NET methods have no names, since it writes no perf map',
    fix: 'start it with DOTNET_PerfMapEnabled=1',
  },
  {
    id: 'xz',
    when: ({ needsXz }) => needsXz,
    text: () => 'its symbol table is compressed (.gnu_debugdata), and there is no xz to unpack it',
    fix: 'install xz (the package xz, or xz-utils)',
  },
  {
    id: 'stripped',
    when: ({ runtime, hasSymbolTable, needsXz }) => isNative(runtime) && hasSymbolTable === false && !needsXz,
    text: () => 'it has no symbol table: only functions that it exports have names',
    fix: 'build it without strip or -s, or install its debug symbols (debuginfod-find debuginfo, or its -dbgsym package)',
  },
  {
    id: 'frame-pointers',
    when: ({ runtime, framedShare }) =>
      runtime.kind !== 'go' && runtime.kind !== 'java' && framedShare !== null && framedShare < FRAMED,
    text: ({ framedShare, isStatic }) =>
      `stacks miss callers, since it was compiled without frame pointers (${isStatic ? 'its main sets up none' : `${Math.round((framedShare ?? 0) * 100)} % of its functions set one up`})`,
    fix: 'compile it with -fno-omit-frame-pointer (C, C++) or -C force-frame-pointers=yes (Rust)',
  },
  {
    id: 'static',
    when: ({ isStatic, runtime, framedShare }) => isStatic && runtime.kind !== 'go' && framedShare === 1,
    text: () =>
      'it is a static program: libraries linked into it, like the C library, may have no frame pointers. Who called a function in them is read from the call instruction where that is possible, else shown as [caller not seen]',
    fix: null,
  },
  {
    id: 'libraries',
    when: ({ framelessLibraries }) => framelessLibraries.length > 0,
    text: ({ framelessLibraries }) =>
      `compiled without frame pointers: ${listed(framelessLibraries)}. Who called a function in them is read from the call instruction where that is possible, else shown as [caller not seen]; callers within them are missing`,
    fix: null,
  },
]

/** The first Python that writes perf maps. */
const PERF_SUPPORT = [3, 12] as const

const isNative = ({ kind }: Runtime): boolean => kind === 'native' || kind === 'go'

const lacks = ({ arguments: args }: NamingFacts, flag: RegExp): boolean =>
  args !== null && !args.some((argument) => flag.test(argument))

const atLeast = ([major, minor]: readonly [number, number], [a, b]: readonly [number, number]): boolean =>
  major > a || (major === a && minor >= b)

const LISTED = 4

function listed(names: readonly string[]): string {
  const more = names.length - LISTED
  return more > 0 ? `${names.slice(0, LISTED).join(', ')} and ${more} more` : names.join(', ')
}
