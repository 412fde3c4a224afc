import type { Change, FrameClass } from '../../../audit/index.ts'
import type { FlameRun } from '../../flame/cells.ts'
import { BOLD, INVERSE, ink, on, type Role, UNDERLINE } from '../palette.ts'

/** The colours of boxes, three tints where names are told apart by them. */
const roles: Readonly<Record<FrameClass | Change, readonly [Role, ...Role[]]>> = {
  user: ['user0', 'user1', 'user2'],
  kernel: ['kernel0', 'kernel1', 'kernel2'],
  jit: ['jit0', 'jit1', 'jit2'],
  unknown: ['unknown0', 'unknown1', 'unknown2'],
  running: ['running'],
  blocked: ['blocked'],
  ready: ['ready'],
  gone: ['gone'],
  shrunk3: ['shrunk3'],
  shrunk2: ['shrunk2'],
  shrunk1: ['shrunk1'],
  same: ['same'],
  grown1: ['grown1'],
  grown2: ['grown2'],
  grown3: ['grown3'],
  new: ['new'],
}

export function boxStyle(run: FlameRun): number {
  if (run.selected) return INVERSE | BOLD
  if (run.highlighted) return on('dark', 'highlight', BOLD | UNDERLINE)
  if (run.class === 'folded') return ink.faint
  return run.class === 'root' ? on('plain', 'root', BOLD) : styleOfClass(run.class, run.tint)
}

export function styleOfClass(kind: FrameClass | Change, tint = 0): number {
  const tints = roles[kind]
  return on('dark', tints[tint] ?? tints[0])
}
