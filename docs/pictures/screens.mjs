// Looks at every panel of the screen on a recording, as a person in front of a terminal would see it, to judge it by eye.
//
//   node docs/pictures/screens.mjs RECORDING FOLDER [--panels overview,flame] [--themes dark,light] [--sizes 80x24,200x50]
//                                 [--flags=--ascii] [--env NO_COLOR=1] [--name -plain]
//
// Writes FOLDER/PANEL-THEME-SIZE(NAME).svg. Needs a build and tmux.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { screenSvg } from './screen-svg.mjs'
import { openTerminal } from './terminal.mjs'

const MOST_TABS = 10
const root = resolve(import.meta.dirname, '../..')

/** The keys that lead to each panel; `TAB N` is the tab whose name begins so, a text of several letters is typed as it is. */
const panels = {
  overview: ['1'],
  overviewheat: ['1', 'v'],
  allphases: ['1', 'P', 'P', 'P'],
  accept: ['TAB Accept'],
  acceptheat: ['TAB Accept', 'v', 'v'],
  syscalls: ['TAB Syscalls'],
  flame: ['TAB Off-CPU'],
  flamediff: ['TAB Off-CPU', 'd'],
  movers: ['TAB Off-CPU', 'd', 'n', 'n'],
  sandwich: ['TAB Off-CPU', 'Down', 'Down', 'Down', 'Down', 's'],
  search: ['TAB Off-CPU', '/', 'lll_lock_wait', 'Enter'],
  blocked: ['TAB Off-CPU', 'v', 'v', 'v'],
  locks: ['TAB Locks'],
  locksnumbers: ['TAB Locks', 'v', 'v'],
  resent: ['TAB Resent'],
  oncpu: ['TAB On-CPU'],
  system: ['TAB System'],
  wall: ['TAB Wall'],
  log: ['TAB Log'],
  help: ['?'],
  palette: [':'],
  brush: ['1', 'b', 'Space', 'Left', 'Left', 'Left', 'Left', 'Left', 'Left'],
  span: ['1', 'b', 'Space', 'Left', 'Left', 'Left', 'Left', 'Left', 'Left', 'Enter'],
  proof: ['f'],
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    panels: { type: 'string', default: Object.keys(panels).join(',') },
    themes: { type: 'string', default: 'dark,light' },
    sizes: { type: 'string', default: '80x24,200x50' },
    flags: { type: 'string', default: '' },
    env: { type: 'string', default: '' },
    name: { type: 'string', default: '' },
  },
})
const [recording, folder] = positionals
if (recording === undefined || folder === undefined) {
  process.stderr.write('error: name a recording and a folder\n')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
for (const size of values.sizes.split(',')) for (const theme of values.themes.split(',')) await look(theme, size)

/** Each panel in a run of its own: what was done to get to one must not be seen in the next. */
async function look(theme, size) {
  const [columns, rows] = size.split('x').map(Number)
  const terminal = openTerminal({ columns, rows, folder: root, path: `${root}/cli` })
  try {
    for (const name of values.panels.split(',')) {
      terminal.type(`clear; ${values.env} sh cli/bin.sh replay ${resolve(recording)} --theme ${theme} ${values.flags}`)
      await terminal.until(/1 ?Overview/)
      await terminal.settled()
      const keys = panels[name] ?? [name]
      for (const key of keys)
        if (!key.startsWith('TAB ')) terminal.keys(key)
        else if (!(await walkTo(terminal, key.slice('TAB '.length)))) break
      const capture = await terminal.settled()
      const file = join(folder, `${name}-${theme}-${size}${values.name}.svg`)
      writeFileSync(file, screenSvg(capture, { title: `${name}, ${theme}, ${size}`, columns, theme }))
      // The first may only close a question.
      terminal.keys('C-c')
      terminal.keys('C-c')
      await terminal.until(/^\$ ?$/m)
    }
  } finally {
    terminal.close()
  }
}

/** Goes to a tab by its number, which the line of tabs says, or where names have no room through all; false when there is none. */
async function walkTo(terminal, title) {
  // It has no number where ten tabs are there.
  if (title === 'Log') {
    terminal.keys('BTab')
    return true
  }
  const shown = () =>
    terminal
      .text()
      .split('\n')
      .find((line) => /^ ?(1 ?Overview|\d.*[2-9])/.test(line)) ?? ''
  for (let step = 0; step < MOST_TABS; step++) {
    const number = new RegExp(`(\\d) ?${title}`).exec(shown())?.[1]
    if (number !== undefined) {
      terminal.keys(number)
      return true
    }
    terminal.keys('Tab')
    await terminal.settled()
  }
  return false
}
