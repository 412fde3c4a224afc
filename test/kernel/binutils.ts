import { execFileSync } from 'node:child_process'

/** A symbol as nm lists it. */
export interface Listed {
  start: number
  /** 0: the table does not say */
  size: number
  name: string
}

/** What GNU binutils know of the code of one ELF file. */
export interface Binutils {
  symbols: number
  /** symbols that reach over an address */
  covering: (address: number) => Listed[]
  /** symbols that begin last at or before an address, whatever their size */
  lastBefore: (address: number) => Listed[]
  /** where the next symbol after an address begins; null: there is none */
  nextAfter: (address: number) => number | null
}

/** Reads the symbols that the file defines. */
export function listSymbols(path: string): Binutils {
  const text = execFileSync('nm', ['-S', '--defined-only', path], { maxBuffer: 2 ** 30 }).toString()
  const listed = [...text.matchAll(/^([0-9a-f]+) (?:([0-9a-f]+) )?\w (\S+)$/gm)]
    .map(([, start = '', size = '0', name = '']): Listed => {
      return { start: Number.parseInt(start, 16), size: Number.parseInt(size, 16), name }
    })
    .sort((a, b) => a.start - b.start)
  /** how far the symbols up to each reach: before that no further one need be looked at */
  const reach: number[] = []
  for (const { start, size } of listed) reach.push(Math.max(reach.at(-1) ?? 0, start + size))
  const lastUpTo = (address: number): number => {
    let [low, high] = [0, listed.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((listed[middle]?.start ?? 0) <= address) low = middle + 1
      else high = middle
    }
    return low - 1
  }
  return {
    symbols: listed.length,
    covering: (address) => {
      const found: Listed[] = []
      for (let i = lastUpTo(address); i >= 0 && (reach[i] ?? 0) > address; i--) {
        const symbol = listed[i]
        if (symbol && address < symbol.start + symbol.size) found.push(symbol)
      }
      return found
    },
    lastBefore: (address) => {
      const last = listed[lastUpTo(address)]
      const found: Listed[] = []
      for (let i = lastUpTo(address); i >= 0 && listed[i]?.start === last?.start; i--)
        found.push(...listed.slice(i, i + 1))
      return found
    },
    nextAfter: (address) => listed[lastUpTo(address) + 1]?.start ?? null,
  }
}

/**
 * What addr2line says of each address: the function, and for an inlined one those that it stands in, outermost last.
 * Empty where it knows none.
 */
export function namesByAddr2line(path: string, addresses: readonly number[]): string[][] {
  const input = addresses.map((address) => address.toString(16)).join('\n')
  const args = ['--addresses', '--functions', '--inlines', '-e', path]
  const text = execFileSync('addr2line', args, { input, maxBuffer: 2 ** 28 }).toString()
  return text
    .split(/^0x[0-9a-f]+$/m)
    .slice(1)
    .map((lines) =>
      lines
        .trim()
        .split('\n')
        .filter((line, i) => i % 2 === 0 && line !== '??'),
    )
}
