import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'

/** Makes requests one after the other; each is over when the server has closed its connection. */
export async function request(port: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++)
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('q'))
      socket
        .on('data', () => undefined)
        .on('close', () => resolve())
        .on('error', reject)
    })
}

/** The same from within a network namespace. */
export function requestIn(prefix: readonly string[], port: number, times: number): void {
  const [file = '', ...args] = [
    ...prefix,
    'bash',
    '-c',
    `for i in $(seq ${times}); do ${ONCE.replace('PORT', String(port))}; done`,
  ]
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

const ONCE = 'exec 3<>/dev/tcp/127.0.0.1/PORT; printf q >&3; cat <&3; exec 3>&-'
