/** First in, first out, without the cost of Array.shift on long queues. */
export interface Fifo<T> {
  readonly size: number
  push(item: T): void
  peek(): T | undefined
  shift(): T | undefined
}

export function createFifo<T>(): Fifo<T> {
  let items: (T | undefined)[] = []
  let head = 0
  return {
    get size() {
      return items.length - head
    },
    push: (item) => {
      items.push(item)
    },
    peek: () => items[head],
    shift: () => {
      const item = items[head]
      if (head === items.length) return undefined
      items[head++] = undefined
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
  }
}
