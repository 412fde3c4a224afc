import { isIP } from 'node:net'

const PORT = /:(\d{1,5})$/
const NAME = /^[\p{L}\p{N}_](?:[\p{L}\p{N}._-]{0,252})$/u

/** Whether a text names hosts: `name`, `name:port`, `address`, `[address]:port`, `network/prefix`. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true
  const [network = '', prefix, more] = text.split('/')
  if (prefix !== undefined) {
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(network)] ?? -1
    return more === undefined && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits
  }
  const port = PORT.exec(text)?.[1]
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false
  const name = text.replace(PORT, '')
  return NAME.test(name) || (/^\[.*\]$/.test(name) && isIP(name.slice(1, -1)) === 6)
}
