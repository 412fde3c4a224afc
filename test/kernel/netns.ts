import { execFileSync } from 'node:child_process'
import { onTestFinished } from 'vitest'

let made = 0

/** A network namespace with its loopback up, removed with the test. `prefix` runs a command in it. */
export function freshNetns(mtu = 65536): { name: string; prefix: string[] } {
  const name = `probe-test-${process.pid}-${made++}`
  run('ip', 'netns', 'add', name)
  onTestFinished(() => run('ip', 'netns', 'del', name))
  run('ip', '-n', name, 'link', 'set', 'lo', 'up', 'mtu', String(mtu))
  return { name, prefix: ['ip', 'netns', 'exec', name] }
}

/**
 * Drops every tenth packet from a port where it arrives. (Dropped where it leaves, TCP would notice the failed send and
 * later send it as new: no retransmission.)
 */
export function dropEveryTenth(namespace: string, port: number): void {
  const rules = `table inet probe {
  chain arriving {
    type filter hook input priority 0
    tcp sport ${port} numgen inc mod 10 == 0 drop
  }
}
`
  execFileSync('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], {
    input: rules,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
}

function run(file: string, ...args: string[]): void {
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
