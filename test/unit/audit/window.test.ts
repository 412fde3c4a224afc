import { expect, test } from 'vitest'
import { createWindow, packWindow } from '../../../audit/model/window.ts'

const data = {
  waited: {
    count: 2,
    buckets: [
      [3, 1],
      [9, 1],
    ],
  },
  kernel: null,
}

test('a packed window has the same data, also in a copy of it', () => {
  const window = createWindow(1, 2, data)
  expect(window.data).toBe(data)
  packWindow(window)
  packWindow(window)
  expect(window.data).not.toBe(data)
  expect(window.data).toEqual(data)
  expect(structuredClone(window)).toEqual({ startUs: 1, endUs: 2, data })
})

test('data of a window that are none stay none', () => {
  const window = createWindow(1, 2, null)
  packWindow(window)
  expect(window.data).toBeNull()
})
