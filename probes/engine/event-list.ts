import { temporaryFolder } from '../../files/index.ts'

/** A tracer's command line that shows it a short list of the kernel's events, and how to tidy up once it has started. */
export interface EventListCommand {
  argv: string[]
  remove: () => void
}

/**
 * The list of the kernel's events (2300 lines) hidden from one process behind a list of only those that its script names:
 * a file mounted over it in a mount namespace that no other process shares and that ends with it. Where the namespace or
 * the mount is refused (containers), the command runs as it is. The words of the shell are ours; everything else is an
 * argument.
 */
export async function withShortEventList(script: string, command: readonly string[]): Promise<EventListCommand> {
  const folder = temporaryFolder('events')
  const list = folder.pathOf(LIST)
  const names = [...script.matchAll(/^tracepoint:(\w+:\w+)/gm)].map(([, name]) => name)
  try {
    await folder.write(LIST, [`${[...new Set(names)].join('\n')}\n`], 'new')
  } catch (error) {
    folder.discard()
    throw error
  }
  return {
    argv: ['/bin/sh', '-c', TRY_ALONE, 'sh', HIDE, list, ...command],
    remove: folder.discard,
  }
}

const LIST = 'available_events'

const ALONE = 'unshare --mount --propagation private'
/** in the namespace: $1 the list, then the command */
const HIDE = `list=$1; shift
for real in /sys/kernel/tracing /sys/kernel/debug/tracing; do
  [ ! -e "$real/available_events" ] || mount --bind "$list" "$real/available_events" 2>/dev/null
done
exec "$@"`
/** $1 what to do in the namespace, $2 the list, then the command */
const TRY_ALONE = `hide=$1 list=$2; shift 2
${ALONE} true 2>/dev/null && exec ${ALONE} /bin/sh -c "$hide" sh "$list" "$@"
exec "$@"`
