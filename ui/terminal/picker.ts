import { Box, type Key, render, Text, useInput } from 'ink'
import { createElement as h, type ReactNode, useSyncExternalStore } from 'react'
import type { Candidate } from '../../probes/index.ts'
import { themeOfTerminal } from './background.ts'
import { brush, createCells, rowText } from './cells.ts'
import { toAscii } from './glyphs.ts'
import { keyNames } from './keys.ts'
import { colourDepth, createPalette } from './palette.ts'
import { drawPicker, type PickerState, pickerRows, pressInPicker, refreshed } from './picker-list.ts'
import { suspendSelf, useSuspension } from './suspension.ts'
import { isAsciiOnly, type LooksChoice, wantsLines } from './theme.ts'

const CLEAR = '\x1b[2J\x1b[H'
/** CPU is told over a second. */
const LOOK_EVERY_MS = 1000

/**
 * Lets the reader choose a process, with the port that it serves: `left` when they leave without (also where the terminal is
 * gone). Standard input and output
 * must be a terminal, which is left as it was found.
 *
 * @param look all processes, as `createCandidateList` sees them
 */
export async function openPicker(look: () => Candidate[], looks: LooksChoice): Promise<Picked> {
  const { stdin, stdout, env } = process
  // A list that moves under a cursor cannot be read aloud: who needs lines names the target.
  if (looks.screenReader ?? wantsLines(env)) return 'no list'
  const depth = colourDepth(stdout, env)
  const sgr = createPalette(depth, await themeOfTerminal(looks.theme, { depth, env, stdin, stdout }))
  const ascii = looks.ascii ?? isAsciiOnly(env)
  let state: PickerState = refreshed({ processes: [], filter: '', selected: null }, look())
  let chosen: Choice | null = null
  const listeners = new Set<() => void>()
  const changeTo = (next: PickerState) => {
    state = next
    redraw()
  }
  const press = (key: string) => {
    const next = pressInPicker(state, key, pickerRows(rowsOf(stdout)))
    if (!('do' in next)) return changeTo(next)
    chosen = next.do === 'pick' ? { pid: next.pid, port: next.port } : null
    instance.unmount()
  }
  const compose = (): Frame => {
    const { columns } = stdout
    const cells = createCells(columns, rowsOf(stdout))
    drawPicker(state, brush(cells))
    if (ascii) toAscii(cells)
    return { columns, lines: Array.from({ length: cells.height }, (_, y) => rowText(cells, y, sgr)) }
  }
  let frame = compose()
  const redraw = () => {
    frame = compose()
    for (const listener of listeners) listener()
  }
  const view: View = {
    press,
    frame: () => frame,
    resumed: () => onResize(),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const options = { interactive: true, alternateScreen: true, incrementalRendering: true, patchConsole: false } as const
  const instance = render(h(Picker, { view }), { stdin, stdout, ...options, exitOnCtrlC: false })
  // Ink begins where the cursor stood and rewrites what differs: after this it writes all, from the top.
  const onResize = () => {
    instance.clear()
    stdout.write(CLEAR)
    redraw()
    instance.rerender(h(Picker, { view }))
  }
  // A terminal that is closed ends or fails these: nobody is left to choose.
  const lose = () => instance.unmount()
  stdin.on('error', lose).on('end', lose)
  stdout.on('error', lose).on('resize', onResize)
  onResize()
  const timer = setInterval(() => changeTo(refreshed(state, look())), LOOK_EVERY_MS)
  try {
    await instance.waitUntilExit()
  } finally {
    clearInterval(timer)
    stdin.off('error', lose).off('end', lose)
    stdout.off('error', lose).off('resize', onResize)
  }
  return chosen ?? 'left'
}

export type Picked = Choice | 'left' | 'no list'

/** The process; where it listens, whoever serves that port is meant. */
export interface Choice {
  pid: number
  port: number | null
}

interface Frame {
  columns: number
  lines: string[]
}
interface View {
  press: (key: string) => void
  frame: () => Frame
  /** the terminal is ours again and shows anything */
  resumed: () => void
  subscribe: (listener: () => void) => () => void
}

/** One row less than there are, so that nothing ever scrolls. */
const rowsOf = (stdout: { rows: number }): number => Math.max(1, stdout.rows - 1)

const NO_POINTER = () => undefined

function Picker({ view }: { view: View }): ReactNode {
  const { columns, lines } = useSyncExternalStore(view.subscribe, view.frame)
  useSuspension(NO_POINTER, view.resumed)
  useInput((input: string, key: Key) => {
    for (const name of keyNames(input, key)) {
      if (name === 'ctrl-z') suspendSelf()
      else view.press(name)
    }
  })
  return h(
    Box,
    { flexDirection: 'column', width: columns, height: lines.length },
    ...lines.map((text) =>
      h(Box, { height: 1, flexShrink: 0 }, h(Text, { wrap: 'truncate-end' }, text === '' ? ' ' : text)),
    ),
  )
}
