import { createXmlScanner } from './xml.ts'

export interface XmlNode {
  name: string
  attributes: ReadonlyMap<string, string>
  children: readonly XmlNode[]
  text: string
}

/** A plan of JMeter nests three levels a controller; nobody writes hundreds of them. */
const DEPTH_LIMIT = 1000

/** The tree of a whole document: its root holds the top elements. Null when it nests beyond reason. */
export function readXmlTree(bytes: Buffer): XmlNode | null {
  interface Open extends XmlNode {
    children: XmlNode[]
  }
  const root: Open = { name: '', attributes: new Map(), children: [], text: '' }
  const open: Open[] = [root]
  let isTooDeep = false
  const scanner = createXmlScanner({
    open(name, attributes) {
      const node: Open = { name, attributes, children: [], text: '' }
      open.at(-1)?.children.push(node)
      open.push(node)
      isTooDeep ||= open.length > DEPTH_LIMIT
    },
    close(name) {
      const at = open.findLastIndex((node) => node.name === name)
      // An end without a start closes nothing.
      if (at > 0) open.length = at
    },
    text(text) {
      const node = open.at(-1)
      if (node) node.text += text
    },
  })
  for (let from = 0; from < bytes.length && !isTooDeep; from += 65_536)
    scanner.write(bytes.subarray(from, from + 65_536))
  scanner.end()
  return isTooDeep ? null : root
}
