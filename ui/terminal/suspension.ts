import { useApp } from 'ink'
import { useInsertionEffect } from 'react'

/**
 * What ctrl-z does where it is no key: the whole job stops (the terminal's process group), and its shell says so. Others of
 * the job, a `sudo` above all, stop by themselves; this process does what `useSuspension` says.
 */
export const suspendSelf = (): void => void process.kill(0, 'SIGTSTP')

/**
 * SIGTSTP (`kill -TSTP`, or `suspendSelf`) stops the process with the terminal as it was before:
 * the pointer, which Ink does not know of, is let go by `point`. Once it is continued Ink takes the terminal again and
 * `resumed` is called.
 */
export function useSuspension(point: (on: boolean) => void, resumed: () => void): void {
  const { suspendTerminal } = useApp()
  useInsertionEffect(() => {
    let isStopping = false
    const stop = () => {
      // A second one on the way down asks for what is being done.
      if (isStopping) return
      isStopping = true
      const stopped = suspendTerminal(() => {
        point(false)
        process.kill(process.pid, 'SIGSTOP')
      })
      void stopped.finally(() => {
        isStopping = false
        resumed()
      })
    }
    process.on('SIGTSTP', stop)
    return () => void process.off('SIGTSTP', stop)
  }, [suspendTerminal, point, resumed])
}
