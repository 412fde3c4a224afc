// Draws the pictures of the documentation: runs the demo in a terminal as a user would, and takes its screen.
//
//   node docs/pictures/draw.mjs                   all pictures anew, in about a minute; needs a build, tmux, and what probe needs
//   node docs/pictures/draw.mjs --from CAPTURE    a picture of a saved screen (tmux capture-pane -e -p -N), on stdout
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { screenSvg } from './screen-svg.mjs'
import { openTerminal } from './terminal.mjs'

const COLUMNS = 120
/** so that what stands out has its lines between lanes and table */
const ROWS = 42
/** Where the pictures say that probe is installed: stacks hold the paths of scripts. */
const HOME = '/tmp/probe'
const here = import.meta.dirname
const root = resolve(here, '../..')

const { values: flags } = parseArgs({ options: { from: { type: 'string' }, title: { type: 'string' } } })
if (flags.from === undefined) await drawAll()
else process.stdout.write(screenSvg(readFileSync(flags.from, 'utf8'), { title: flags.title ?? 'A terminal screen' }))

async function drawAll() {
  const folder = mkdtempSync(join(tmpdir(), 'probe-pictures-'))
  install()
  const terminal = openTerminal({ columns: COLUMNS, rows: ROWS, folder, path: `${HOME}/bin` })
  try {
    terminal.type('probe audit --demo')
    await terminal.until(/^ ended /)
    terminal.keys('q')
    await terminal.until(/off-cpu-soak\.svg\n/)
    const results = readdirSync(folder).find((name) => name.startsWith('probe-audit-')) ?? ''
    const recording = join(folder, results, 'run.ndjson.gz')
    const flame = (file, ...choice) =>
      execFileSync('sh', [join(HOME, 'cli/bin.sh'), 'flame', recording, ...choice, '-o', join(here, file)])
    await drawReplay(terminal, recording)
    flame('off-cpu-diff.svg', '--diff', 'baseline..stress')
    flame('wall.svg', '--wall', '--phase', 'stress')
  } finally {
    terminal.close()
    rmSync(HOME, { recursive: true })
    rmSync(folder, { recursive: true })
  }
}

/** The screen on the recording, which opens at the worst phase: what stands out in it, and the stacks that stress added. */
async function drawReplay(terminal, recording) {
  terminal.type(`probe replay ${recording}`)
  await terminal.until(/^ replay .* stress 4\/5 ▲ worst /)
  draw(
    'overview.svg',
    await terminal.settled(),
    'probe replay: a load test, what stands out in its worst phase, and all phases side by side',
  )
  terminal.keys('4', 'd', '/')
  await terminal.until(/search frames:/)
  terminal.keys('lll_lock_wait', 'Enter')
  await terminal.until(/lll_lock_wait: [1-9]\d* frames/)
  draw(
    'terminal.svg',
    await terminal.settled(),
    'probe replay: where requests were blocked under stress, against the baseline, as a flame graph',
  )
  terminal.keys('q')
}

function draw(name, capture, title) {
  writeFileSync(join(here, name), screenSvg(capture, { title, columns: COLUMNS }))
}

/** A copy of the build at a path that is the same on every machine. */
function install() {
  mkdirSync(HOME, { mode: 0o700 })
  for (const part of ['dist', 'package.json', 'oclif.manifest.json', 'cli/bin.sh'])
    cpSync(join(root, part), join(HOME, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(HOME, 'node_modules'))
  mkdirSync(join(HOME, 'bin'))
  symlinkSync('../cli/bin.sh', join(HOME, 'bin/probe'))
}
