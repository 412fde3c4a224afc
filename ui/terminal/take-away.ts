import { sanitizeText } from '../../probes/index.ts'
import type { Effect } from './bindings/binding.ts'
import { clipboardBytes } from './copy.ts'
import type { Message } from './hands.ts'
import type { Theme } from './palette.ts'
import type { Seen } from './screen.ts'

type Taking = Extract<Effect, { do: 'export' | 'screenshot' | 'copy' }>
type Save = (name: string, pieces: Iterable<string | Uint8Array>) => Promise<string>

/** Makes what the reader takes away of what was seen, and says what came of it. Never fails: a failure is said too. */
export async function takeAway(
  effect: Taking,
  seen: Seen & { theme: Theme },
  write: (bytes: string) => unknown,
  save: Save,
): Promise<Message> {
  if (effect.do === 'copy') {
    const { bytes, isCut } = clipboardBytes(effect.text)
    write(bytes)
    const part = isCut ? ', its first part' : ''
    return { text: `copied ${effect.what}${part}, if the terminal gives access to the clipboard`, tone: 'good' }
  }
  try {
    const made = effect.do === 'screenshot' ? await screenshotOf(seen) : await exported(effect.kind, seen)
    if (!made) return { text: 'there is nothing to export here any more', tone: 'bad' }
    return { text: `written: ${await save(made.name, made.pieces)}`, tone: 'good' }
  } catch (error) {
    // A full disk or a folder that is not ours ends an export, not the screen.
    return { text: `not written: ${sanitizeText(error instanceof Error ? error.message : String(error))}`, tone: 'bad' }
  }
}

async function exported(kind: Extract<Taking, { do: 'export' }>['kind'], { scene }: Seen) {
  const { documentOf } = await import('./documents.ts')
  return documentOf(scene, kind)
}

async function screenshotOf({ scene, layout, theme }: Seen & { theme: Theme }) {
  const [{ screenshotSvg }, { drawWhole }] = await Promise.all([import('./screenshot.ts'), import('./whole.ts')])
  return {
    name: 'screen.svg',
    pieces: [screenshotSvg({ cells: drawWhole(scene, layout).cells, title: scene.title, theme })],
  }
}
