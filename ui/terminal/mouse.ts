/** What the pointer did, at a cell of the terminal counted from 0. */
export interface Pointer {
  kind: 'press' | 'drag' | 'release' | 'wheel'
  /** of a wheel: up or down */
  button: 'left' | 'middle' | 'right' | 'up' | 'down'
  x: number
  y: number
}

/**
 * Presses, releases and drags are reported, with decimal places of any size (source: xterm's ctlseqs, "Mouse Tracking":
 * 1002 button-event tracking, 1006 SGR coordinates). With shift held terminals keep the mouse to themselves.
 */
export const MOUSE_ON = '\x1b[?1002h\x1b[?1006h'
export const MOUSE_OFF = '\x1b[?1006l\x1b[?1002l'

/** What of an input was the pointer's and what was typed; `held` is the start of a report that the next input may end. */
export interface Parted {
  pointers: Pointer[]
  typed: string
  held: string
}

const REPORT = /\x1b\[<(\d{1,5});(\d{1,5});(\d{1,5})([Mm])/g
/** An escape alone is held too: it may be the key or the start of a report, and only what follows tells. */
const BEGUN = /\x1b(?:\[(?:<[\d;]{0,17})?)?$/

/** Takes the pointer's reports out of terminal input (a character a byte), however it was cut into pieces. */
export function partInput(held: string, input: string): Parted {
  const pointers: Pointer[] = []
  const rest = `${held}${input}`.replace(REPORT, (_, code: string, x: string, y: string, end: string) => {
    const pointer = pointerOf(Number(code), Number(x) - 1, Number(y) - 1, end === 'm')
    if (pointer) pointers.push(pointer)
    return ''
  })
  const begun = BEGUN.exec(rest)?.[0] ?? ''
  return { pointers, typed: begun === '' ? rest : rest.slice(0, -begun.length), held: begun }
}

const buttons = ['left', 'middle', 'right'] as const

/** Bits 0 and 1 say which button, 4, 8 and 16 are shift, meta and control, 32 is movement, 64 the wheel. */
function pointerOf(code: number, x: number, y: number, isRelease: boolean): Pointer | null {
  const which = code & 3
  if (code & 128) return null
  if (code & 64) return which > 1 ? null : { kind: 'wheel', button: which === 0 ? 'up' : 'down', x, y }
  const button = buttons[which]
  if (!button) return null
  return { kind: isRelease ? 'release' : code & 32 ? 'drag' : 'press', button, x, y }
}
