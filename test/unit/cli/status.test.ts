import { describe, expect, it } from 'vitest'
import { createStatus } from '../../../cli/status.ts'

function terminal(isTTY: boolean, columns = 40) {
  const written: string[] = []
  return { written, stderr: { isTTY, columns, write: (text: string) => written.push(text) > 0 } }
}

describe('what is being done', () => {
  it('is one line of a terminal, which goes again', () => {
    const { written, stderr } = terminal(true)
    const status = createStatus(stderr)
    status.step('compiling')
    status.step('attaching')
    status.say('a line that stays')
    status.done()
    expect(written).toEqual([
      '\r\x1b[Kcompiling',
      '\r\x1b[Kattaching',
      '\r\x1b[K',
      'a line that stays\n',
      '\r\x1b[Kattaching',
      '\r\x1b[K',
    ])
  })

  it('never wraps, and is not drawn on a screen', () => {
    const { written, stderr } = terminal(true, 8)
    const status = createStatus(stderr)
    status.hide()
    status.step('a long step')
    expect(written).toEqual([])
    status.show()
    expect(written).toEqual(['\r\x1b[Ka long '])
    status.done()
  })

  it('is told where there is no terminal only on the way out, each step once', () => {
    const { written, stderr } = terminal(false)
    const status = createStatus(stderr)
    status.step('attaching')
    status.leave()
    status.step('detaching')
    status.step('detaching')
    status.done()
    expect(written).toEqual(['attaching (Ctrl-C again leaves now)\n', 'detaching (Ctrl-C again leaves now)\n'])
  })
})
