import { LIMITS } from '../../limits.ts'
import { createXmlScanner } from './xml.ts'

export interface XmlNode {
  name: string
  attributes: ReadonlyMap<string, string>
  children: readonly XmlNode[]
  text: string
}

/** The tree of a whole document: its root holds the top elements. Null when it nests, or has more elements, beyond reason. */
export function readXmlTree(bytes: Buffer): XmlNode | null {
  interface Open extends XmlNode {
    children: XmlNode[]
  }
  const root: Open = { name: '', attributes: new Map(), children: [], text: '' }
  const open: Open[] = [root]
  /** how many of a name are open: most ends without a start are known by it, and nothing is looked through */
  const openOf = new Map<string, number>()
  let elements = 0
  let isTooMuch = false
  const scanner = createXmlScanner({
    open(name, attributes) {
      const node: Open = { name, attributes, children: [], text: '' }
      open.at(-1)?.children.push(node)
      open.push(node)
      openOf.set(name, (openOf.get(name) ?? 0) + 1)
      isTooMuch ||= open.length > LIMITS.jmxDepth.most || ++elements > LIMITS.jmxElements.most
    },
    close(name) {
      // An end without a start closes nothing.
      if (!openOf.get(name)) return
      for (let closed = open.pop(); closed; closed = open.pop()) {
        openOf.set(closed.name, (openOf.get(closed.name) ?? 1) - 1)
        if (closed.name === name) return
      }
    },
    text(text) {
      const node = open.at(-1)
      if (node) node.text += text
    },
  })
  for (let from = 0; from < bytes.length && !isTooMuch; from += 65_536)
    scanner.write(bytes.subarray(from, from + 65_536))
  scanner.end()
  return isTooMuch ? null : root
}
