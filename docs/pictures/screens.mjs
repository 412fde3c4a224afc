// Looks at every panel of the screen on a recording, as a person in front of a terminal would see it, to judge it by eye.
//
//   node docs/pictures/screens.mjs RECORDING FOLDER [--panels overview,flame] [--themes dark,light] [--sizes 80x24,200x50]
//
// Writes FOLDER/PANEL-THEME-SIZE.svg. Needs a build and tmux.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { screenSvg } from './screen-svg.mjs'
import { openTerminal } from './terminal.mjs'

const root = resolve(import.meta.dirname, '../..')

/** The keys that lead to each panel; `TAB N` is the tab whose name begins so. */
const panels = {
  overview: ['1'],
  accept: ['TAB Accept'],
  syscalls: ['TAB Syscalls'],
  flame: ['TAB Off-CPU'],
  locks: ['TAB Locks'],
  resent: ['TAB Resent'],
  system: ['TAB System'],
  log: ['TAB Log'],
  help: ['?'],
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    panels: { type: 'string', default: Object.keys(panels).join(',') },
    themes: { type: 'string', default: 'dark,light' },
    sizes: { type: 'string', default: '80x24,200x50' },
    flags: { type: 'string', default: '' },
  },
})
const [recording, folder] = positionals
if (recording === undefined || folder === undefined) {
  process.stderr.write('error: name a recording and a folder\n')
  process.exit(2)
}
mkdirSync(folder, { recursive: true })
for (const size of values.sizes.split(',')) for (const theme of values.themes.split(',')) await look(theme, size)

async function look(theme, size) {
  const [columns, rows] = size.split('x').map(Number)
  const terminal = openTerminal({ columns, rows, folder: root, path: `${root}/cli` })
  try {
    terminal.type(`sh cli/bin.sh replay ${resolve(recording)} --theme ${theme} ${values.flags}`)
    await terminal.until(/1 ?Overview/)
    for (const name of values.panels.split(',')) {
      for (const key of panels[name] ?? [name]) {
        if (!key.startsWith('TAB ')) terminal.keys(key)
        else if (!(await walkTo(terminal, key.slice('TAB '.length)))) break
      }
      const capture = await terminal.settled()
      const file = join(folder, `${name}-${theme}-${size}.svg`)
      writeFileSync(file, screenSvg(capture, { title: `${name}, ${theme}, ${size}`, columns, theme }))
      if (name === 'help') terminal.keys('Escape')
    }
  } finally {
    terminal.close()
  }
}

/** Goes to a tab by its number, which the line of tabs says; false when there is no such tab. */
async function walkTo(terminal, title) {
  const tabs =
    terminal
      .text()
      .split('\n')
      .find((line) => /1 ?Overview/.test(line)) ?? ''
  const number = new RegExp(`(\\d) ?${title}`).exec(tabs)?.[1]
  if (number === undefined) return false
  terminal.keys(number)
  return true
}
