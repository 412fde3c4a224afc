import type { Place } from '../../ui/terminal/bindings/binding.ts'

/** A screen in use, for what cannot be seen in its rows. */
export interface Session {
  /** presses keys by the names of the bindings; what is none of them is typed */
  press: (...keys: string[]) => void
  until: (wanted: Seen) => Promise<string[]>
  clipboard: () => string
  /** the file that a key has written last */
  written: () => string
  /** whether the shell has the terminal, as it was before */
  isShells: () => boolean
  /** writes over the screen from outside */
  spoil: (text: string) => void
  /** seconds of the run so far, where it grows */
  seconds: () => number
}

export type Seen = RegExp | ((screen: string) => boolean)

/** What shows that keys do what the help says of them. */
export interface Proof {
  where: Place
  /** several that do the same: each is tried */
  keys: readonly string[]
  /** the run that is looked at; default: one that stands still, 60 s old */
  on?: 'still' | 'growing' | 'replay' | 'unread'
  /** rows of the terminal; default: few, so that much has to be scrolled */
  rows?: number
  /** keys that lead to where it can be seen, from the first screen */
  from?: readonly string[]
  /** what is there before the key */
  at?: Seen
  /** what is done from outside before the key */
  before?: (session: Session) => unknown
  /** keys after it that lead to where it shows */
  look?: readonly string[]
  /** what is there after the key, and was not before */
  shows: Seen
  also?: (session: Session) => unknown
}

const waits = /── How long do callers wait/
const calls = /── Which calls are made/
const stalls = /── Where do threads stand still/
const system = /── What did the system do/
const log = /── Log ─/
const overview = /── Over time ─/
const worker = ['4', 'down', 'down']
/** A frame with siblings, in the row under worker_main: handle_request_3. */
const among = ['4', 'down', 'down', 'down']
/** The line below a flame graph names the selected frame. */
const selected = (name: string) => new RegExp(` of all {3}${name}( {3}|$)`, 'm')
const searched = ['4', '/', 'handle_request', 'enter']
const without = (seen: RegExp, there: RegExp) => (screen: string) => there.test(screen) && !seen.test(screen)

const everywhere: readonly Omit<Proof, 'where'>[] = [
  { keys: ['f'], shows: /What did the system do[\s\S]* ▲ stress, 1 of 4: overflows, namespace/ },
  { keys: ['F'], shows: /Which calls are made[\s\S]* ▲ stress, 4 of 4: Calls per request/ },
  { keys: ['?'], shows: /── Keys ─[\s\S]*this help/ },
  { keys: ['1'], from: ['2'], at: waits, shows: overview },
  { keys: ['2'], shows: waits },
  { keys: ['3'], shows: calls },
  { keys: ['4'], shows: stalls },
  { keys: ['5'], shows: system },
  { keys: ['6'], shows: log },
  { keys: ['7'], on: 'replay', shows: /── Which TCP segments/ },
  { keys: ['8'], on: 'replay', shows: /── Which code burns/ },
  { keys: ['9'], on: 'replay', shows: /── Where was the time of threads/ },
  { keys: ['0'], on: 'replay', shows: log },
  { keys: ['tab'], shows: waits },
  { keys: ['shift-tab'], shows: log },
  { keys: ['p'], from: ['2'], at: waits, shows: /─ idle \(pinned\) ─/ },
  { keys: ['P'], from: ['2'], at: waits, shows: /─ stress \(pinned\) ─/ },
  { keys: ['v'], from: ['2'], at: /\[waited]/, shows: /\[waited over time]/ },
  {
    keys: ['t'],
    on: 'replay',
    // From the stacks of all waits; the way back leads to those that reach the p99.
    from: ['4'],
    at: /\[blocked time]/,
    shows: /…\[any wait] [\s\S]* p99/,
    also: async ({ press, until }) => {
      press('t')
      await until(/\[blocked in waits of 10 ms and more][\s\S]*│take_lock/)
    },
  },
  { keys: [':'], shows: /1 of \d+ ─[\s\S]*tab completes/ },
  { keys: ['b'], shows: /◆ 00:58-00:59 .*space sets the start/ },
  {
    keys: ['L'],
    rows: 34,
    from: ['2'],
    at: without(/^ waited mean +▁/m, waits),
    shows: /^ waited mean +▁[\s\S]*How long/m,
    also: async ({ press, until }) => {
      press('L')
      await until(without(/^ requests\/s +▄/m, waits))
      press('L')
      await until(/^ requests\/s +▄/m)
      // The first screen has all of them anyway: one press takes them away.
      press('1')
      await until(overview)
      press('L')
      await until(without(overview, /What stands out/))
    },
  },
  { keys: ['d'], from: ['4'], at: stalls, shows: / stress − baseline ──\n/ },
  { keys: ['D'], from: ['4'], at: stalls, shows: / stress − idle ──\n/ },
  {
    keys: ['e'],
    shows: /export: s the run over time as SVG/,
    also: async ({ press, until, written }) => {
      press('enter')
      await until(/written: .*timeline.*\.svg/)
      if (!/<svg[\s\S]*<\/svg>\s*$/.test(written())) throw new Error(`no whole SVG: ${written().slice(0, 100)}`)
    },
  },
  {
    keys: ['S'],
    shows: /written: .*screen.*\.svg/,
    also: ({ written }) => {
      if (!/<svg[\s\S]*Over time[\s\S]*<\/svg>\s*$/.test(written())) throw new Error('the file is not of the screen')
    },
  },
  {
    keys: ['y'],
    from: ['6'],
    at: log,
    shows: /copied the log/,
    also: ({ clipboard }) => {
      if (!/00:00 +phase +idle/.test(clipboard())) throw new Error(`on the clipboard: ${clipboard()}`)
    },
  },
  {
    keys: ['/'],
    shows: /search frames:/,
    also: async ({ press, until }) => {
      press('futex', 'enter', '4')
      await until(/\/futex: \d+ frames/)
    },
  },
  { keys: ['pagedown', ' '], shows: / ↑ 6/ },
  { keys: ['pageup'], from: ['G'], at: / ↑ 8/, shows: / ↑ 2/ },
  { keys: ['up', 'k'], from: ['G'], at: / ↑ 8/, shows: / ↑ 7/ },
  { keys: ['down', 'j'], shows: / ↑ 1/ },
  { keys: ['g', 'home'], from: ['G'], at: / ↑ 8/, shows: / 8 more ↓/ },
  { keys: ['G', 'end'], shows: / ↑ 8/ },
  {
    keys: ['m'],
    shows: /name of the new phase:/,
    also: async ({ press, until }) => {
      press('canary', 'enter', '6')
      await until(/mark +canary/)
    },
  },
  {
    keys: ['z'],
    on: 'growing',
    shows: /^ frozen /,
    also: async ({ press, until, seconds }) => {
      const [frozen] = await until(/^ frozen /)
      const before = seconds()
      await until((screen) => {
        if (screen.split('\n')[0] !== frozen) throw new Error('a frozen screen has changed')
        return seconds() > before + 15
      })
      press('z')
      await until((screen) => /^ probe /.test(screen) && screen.split('\n')[0] !== frozen)
    },
  },
  {
    keys: ['ctrl-l'],
    from: ['2'],
    at: waits,
    before: async ({ spoil, until }) => {
      spoil('SPOILT')
      await until(/SPOILT[\s\S]*SPOILT/)
    },
    shows: without(/SPOILT/, waits),
  },
  {
    keys: ['escape'],
    from: ['/', 'futex', 'enter', '1'],
    at: overview,
    look: ['4'],
    shows: without(/\/futex/, stalls),
  },
  {
    keys: ['ctrl-z'],
    shows: /Stopped/,
    also: async ({ isShells, press, until }) => {
      if (!isShells()) throw new Error('the terminal is not as it was')
      press('fg', 'enter')
      await until(overview)
    },
  },
  {
    keys: ['q', 'ctrl-c'],
    shows: /^left round \d+\n/m,
    also: ({ isShells }) => {
      if (!isShells()) throw new Error('the terminal is not as it was')
    },
  },
]

const flame: readonly Omit<Proof, 'where'>[] = [
  { keys: ['enter'], from: worker, at: selected('worker_main'), shows: /100 % of worker_main/ },
  { keys: ['backspace', 'delete'], from: [...worker, 'enter'], at: /100 % of worker_main/, shows: /100 % of main/ },
  {
    keys: ['/'],
    from: ['4'],
    at: stalls,
    shows: /search frames:/,
    also: async ({ press, until }) => {
      press('futex', 'enter')
      await until(/\/futex: \d+ frames.* of all {3}futex_wait/)
    },
  },
  { keys: ['n'], from: searched, at: /^ handle_request_3 {3}/m, shows: /^ handle_request_4 {3}/m },
  { keys: ['N'], from: [...searched, 'n'], at: /^ handle_request_4 {3}/m, shows: /^ handle_request_3 {3}/m },
  { keys: ['s'], from: worker, at: selected('worker_main'), shows: /sandwich worker_main: callers and callees/ },
  { keys: ['x'], from: among, at: selected('handle_request_3'), shows: /hidden handle_request_3/ },
  { keys: ['o'], from: among, at: selected('handle_request_3'), shows: /only through handle_request_3/ },
  { keys: ['c'], from: ['4'], at: stalls, shows: /recursion collapsed/ },
  { keys: ['r'], from: ['4'], at: stalls, shows: /reversed/ },
  { keys: ['X'], from: [...among, 'x'], at: /hidden handle_request_3/, shows: without(/hidden/, stalls) },
  { keys: ['u'], from: ['4'], at: /ms per request/, shows: /per second +self/ },
  {
    keys: ['i'],
    from: ['4'],
    at: /│all/,
    shows: (screen) => screen.split('\n').findIndex((row) => row.startsWith('│all')) > 15,
  },
  {
    keys: ['escape'],
    from: ['4', '/', 'futex', 'enter'],
    at: /\/futex: \d+ frames/,
    shows: without(/\/futex/, stalls),
  },
  { keys: ['up', 'k'], from: worker, at: selected('worker_main'), shows: selected('main') },
  { keys: ['down', 'j'], from: ['4', 'down'], at: selected('main'), shows: selected('worker_main') },
  {
    keys: ['left', 'h'],
    from: [...among, 'right'],
    at: selected('handle_request_4'),
    shows: selected('handle_request_3'),
  },
  { keys: ['right', 'l'], from: among, at: selected('handle_request_3'), shows: selected('handle_request_4') },
]

const table: readonly Omit<Proof, 'where'>[] = [
  { keys: ['s'], from: ['3'], at: calls, shows: /call ▾[\s\S]*accept4[\s\S]*close[\s\S]*epoll_wait/ },
  {
    keys: ['/'],
    from: ['3'],
    at: calls,
    shows: /rows that hold:/,
    also: async ({ press, until }) => {
      press('recv')
      await until(/\/recv +1 of 10 rows/)
    },
  },
  {
    keys: ['escape'],
    from: ['3', '/', 'recv', 'enter'],
    at: /\/recv +1 of 10 rows/,
    shows: without(/of 10 rows/, /epoll_wait/),
  },
]

const help: readonly Omit<Proof, 'where'>[] = [
  { keys: ['pagedown', ' '], from: ['?'], at: /── Keys/, shows: / ↑ 1[5-9]/ },
  { keys: ['pageup'], from: ['?', 'G'], at: /── Keys ─+ ↑ \d+ ──/, shows: /── Keys ─+ ↑ \d+ +1\d more ↓ ──/ },
  { keys: ['up', 'k'], from: ['?', 'G'], at: /── Keys ─+ ↑ \d+ ──/, shows: / 1 more ↓/ },
  { keys: ['down', 'j'], from: ['?'], at: /── Keys/, shows: / ↑ 1 / },
  { keys: ['g', 'home'], from: ['?', 'G'], at: /── Keys ─+ ↑ \d+ ──/, shows: /── Keys ─+ \d+ more/ },
  { keys: ['G', 'end'], from: ['?'], at: /── Keys/, shows: /── Keys ─+ ↑ \d+ ──/ },
  { keys: ['escape', '?'], from: ['2', '?'], at: /── Keys/, shows: waits },
  {
    keys: ['q', 'ctrl-c'],
    from: ['?'],
    at: /── Keys/,
    shows: /^left round \d+\n/m,
    also: ({ isShells }) => {
      if (!isShells()) throw new Error('the terminal is not as it was')
    },
  },
]

const newest = /◆ 00:58-00:59/

const brush: readonly Omit<Proof, 'where'>[] = [
  { keys: ['enter'], from: ['b', 'H', ' ', 'H'], at: /space sets the end/, shows: /◆ A 00:\d\d-00:\d\d: to the edges/ },
  {
    keys: [' '],
    from: ['b', 'H'],
    at: /space sets the start/,
    shows: /space sets the end/,
    also: async ({ press, until }) => {
      press('H', ' ')
      await until(/◆ 00:\d\d-00:\d\d \(1\d\.\d s\)(?!.*sets the end)/)
    },
  },
  { keys: ['left', 'h'], from: ['b'], at: newest, shows: /◆ 00:57-00:58/ },
  { keys: ['right', 'l'], from: ['b', 'h'], at: /◆ 00:57-00:58/, shows: newest },
  { keys: ['H', 'shift-left'], from: ['b'], at: newest, shows: /◆ 00:48-00:49/ },
  { keys: ['L', 'shift-right'], from: ['b', 'H'], at: /◆ 00:48-00:49/, shows: newest },
  // Which lane is chosen is said by its weight: pinned it carries a sign.
  { keys: ['up', 'k'], from: ['b'], at: newest, look: ['p'], shows: /^ •overflows, netns/m },
  { keys: ['down', 'j'], from: ['b'], at: newest, look: ['p'], shows: /^ •response p99/m },
  {
    keys: ['p'],
    from: ['b', 'up'],
    at: newest,
    shows: /^ •overflows, netns/m,
    also: async ({ press, until }) => {
      press('2')
      await until(/^ •overflows, netns[\s\S]*How long do callers wait/m)
      press('p')
      await until(without(/•/, waits))
      press('escape')
      await until(without(/overflows, netns +▁/, waits))
    },
  },
  {
    keys: ['c'],
    from: ['b', 'enter', 'b'],
    at: /span A[\s\S]*space sets the start/,
    shows: without(/span A|◆/, overview),
  },
  { keys: ['escape'], from: ['b'], at: newest, shows: without(/◆/, overview) },
]

const reading: readonly Omit<Proof, 'where'>[] = [
  {
    keys: ['escape'],
    on: 'unread',
    from: ['b', 'enter'],
    at: /◆ reading 00:58-00:59 .* 0 % +esc leaves/,
    shows: without(/◆/, overview),
  },
]

const places: Readonly<Record<Place, readonly Omit<Proof, 'where'>[]>> = {
  everywhere,
  flame,
  table,
  help,
  brush,
  reading,
}

export const proofs: readonly Proof[] = Object.entries(places).flatMap(([where, ofPlace]) =>
  ofPlace.map((proof): Proof => ({ where: where as Place, ...proof })),
)
