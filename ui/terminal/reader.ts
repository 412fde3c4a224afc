import { profileOf } from '../../audit/index.ts'
import { textSummary } from '../text/summary.ts'
import { asciiText } from './glyphs.ts'
import type { ScreenEnd, TerminalOptions } from './open.ts'
import { keysLine, newsLines, readerKeys, tabLines } from './reader-text.ts'
import type { Scene } from './scene.ts'
import { initialState, type ScreenState, tabsOf } from './state.ts'

/** What is said by itself comes no oftener than this: a voice needs seconds for it. */
const NEWS_EVERY_MS = 5000

/** The ends of a terminal that lines need; `process.stdin` and `process.stdout`. */
export interface LineTerminal {
  stdin: Pick<NodeJS.ReadStream, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'pause' | 'resume'>
  stdout: Pick<NodeJS.WriteStream, 'write' | 'on' | 'off' | 'writableNeedDrain'>
}

/**
 * The same run for a screen reader or a dumb terminal: lines are appended, nothing is ever redrawn. What changed is said at
 * most every five seconds, a letter reads a tab; a replay ends with the summary in text.
 */
export function openReader(
  options: TerminalOptions,
  ascii: boolean,
  terminal: LineTerminal = process,
): Promise<ScreenEnd> {
  const { stdin, stdout } = terminal
  let state: ScreenState = initialState
  let isSilent = false
  let said = ''
  let timer: NodeJS.Timeout | null = null
  let saidAtMs = 0
  const scene = (): Scene => ({ ...options, profileOf, state })
  const say = (lines: readonly string[]) => {
    const text = lines.join('\n')
    stdout.write(`${ascii ? asciiText(text) : text}\n`)
  }
  const tellNews = () => {
    timer = null
    const lines = newsLines(scene())
    // The clock alone is no news.
    const news = lines.join('\n').replace(/\d+:\d\d(:\d\d)?/g, '')
    // A terminal that does not keep up hears the present when it does.
    if (news === said || isSilent || stdout.writableNeedDrain) return
    said = news
    saidAtMs = performance.now()
    say(lines)
  }
  const changed = () => {
    timer ??= setTimeout(tellNews, Math.max(0, saidAtMs + NEWS_EVERY_MS - performance.now()))
  }
  let isAsked = false
  const press = (key: string): 'quit' | undefined => {
    const { leaving, live, model: run } = options
    if (isAsked && key !== '\x03' && key !== '\x04') {
      isAsked = false
      if (key === 'y') return 'quit'
      say(['it goes on'])
      return undefined
    }
    if (key === 'q' && leaving !== undefined && live && !run.end) {
      isAsked = true
      say([`${leaving} y leaves, any other key stays`])
      return undefined
    }
    if (key === 'q' || key === '\x03' || key === '\x04') return 'quit'
    if (key === '?') say([keysLine(scene())])
    else if (key === 'z') {
      isSilent = !isSilent
      say([isSilent ? 'silent' : 'speaking'])
    } else if (key === 'p') {
      state = { ...state, phaseId: nextPhase(scene()) }
      say(newsLines(scene()))
    } else {
      const { model, catalog } = options
      const tab = tabsOf(model, catalog)[readerKeys(scene()).find((one) => one.key === key)?.tab ?? -1]
      if (tab) say(tabLines(scene(), tab))
    }
    return undefined
  }
  return new Promise((resolve) => {
    let isOver = false
    const leave = (end: ScreenEnd) => {
      if (isOver) return
      isOver = true
      if (timer) clearTimeout(timer)
      unsubscribe()
      options.signal?.removeEventListener('abort', quit)
      stdin.off('data', take)
      if (end === 'left') {
        // What a lost terminal still has to say about itself must find somebody: there the listeners stay.
        stdin.off('end', lose).off('error', lose)
        stdout.off('error', lose)
        if (stdin.isTTY) stdin.setRawMode(false)
        if (!options.live) say([textSummary(options.model, options.catalog)])
      }
      stdin.pause()
      options.onQuit()
      resolve(end)
    }
    const quit = () => leave('left')
    const lose = () => leave('lost')
    const take = (bytes: Buffer | string) => {
      for (const key of String(bytes)) if (press(key.toLowerCase()) === 'quit') return quit()
    }
    // A terminal that is closed ends its input, or fails it, and every write.
    stdin.on('data', take).on('end', lose).on('error', lose)
    stdout.on('error', lose)
    if (stdin.isTTY) stdin.setRawMode(true)
    stdin.resume()
    const unsubscribe = options.subscribe(changed)
    say([keysLine(scene())])
    tellNews()
    options.signal?.addEventListener('abort', quit)
    if (options.signal?.aborted) quit()
  })
}

/** Through the phases and, past the last, back to following the run. */
function nextPhase({ model, state }: Scene): number | null {
  const places: (number | null)[] = [null, ...model.phases.map(({ id }) => id)]
  return places[(places.indexOf(state.phaseId) + 1) % places.length] ?? null
}
