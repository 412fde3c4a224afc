import { Box, type Key, Text, useInput, useStdin } from 'ink'
import { createElement as h, type ReactNode, useInsertionEffect, useSyncExternalStore } from 'react'
import { keyNames } from './keys.ts'
import type { Screen } from './screen.ts'
import { useSuspension } from './suspension.ts'

// Plain calls instead of JSX: the runtime strips types but does not translate JSX, so this file runs as it stands.

export interface AppProps {
  screen: Screen
  /** has the terminal report the pointer, or not; called also on the way out */
  point: (on: boolean) => void
  /** nothing is shown yet: the frame that follows is the first to be seen */
  isBlank: boolean
  /** the terminal is ours again and shows anything */
  resumed: () => void
}

/** The frame around the panel: Ink places the lines and reads the keys, the rows between stay blank for the portal. */
export function App({ screen, point, isBlank, resumed }: AppProps): ReactNode {
  const { header, tabs, footer, layout } = useSyncExternalStore(screen.subscribe, screen.chrome)
  const { isRawModeSupported } = useStdin()
  // Of the effects only this one runs before Ink writes the frame.
  useInsertionEffect(() => {
    if (!isBlank) screen.committed(layout)
  })
  // Ink takes the frame away on every way out, also on a signal and a crash.
  useInsertionEffect(() => {
    point(true)
    return () => point(false)
  }, [point])
  useSuspension(point, resumed)
  // Under `</dev/null` there are no keys to read; asking for raw mode would throw.
  const press = (input: string, key: Key) => {
    for (const name of keyNames(input, key)) screen.press(name)
  }
  useInput(press, { isActive: isRawModeSupported })
  const frame = { flexDirection: 'column', width: layout.columns, height: layout.rows } as const
  if (isBlank) return h(Box, frame)
  return h(
    Box,
    frame,
    ...[...header, ...tabs].map(line),
    h(Box, { height: layout.panel.height, flexShrink: 0 }),
    ...footer.map(line),
  )
}

const line = (text: string): ReactNode =>
  h(Box, { height: 1, flexShrink: 0 }, h(Text, { wrap: 'truncate-end' }, text === '' ? ' ' : text))
