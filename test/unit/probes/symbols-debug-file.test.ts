import { execFileSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDebugFile, unpackMiniDebugInfo } from '../../../probes/symbols/debug-file.ts'
import { createElfFiles, type ElfFile, elfOf } from '../../../probes/symbols/elf-file.ts'
import { createModules } from '../../../probes/symbols/modules.ts'
import { readSymbolTable } from '../../../probes/symbols/symbol-table.ts'
import { compile, lacking } from './programs.ts'

const lacks = lacking('gcc', 'objcopy', 'strip', 'nm', 'xz')
const skipped = lacks ? ` [skipped: ${lacks}]` : ''
const xz = '/usr/bin/xz'

const source = `
__attribute__((noinline)) static int hidden(int x) { __asm__ volatile("nop; nop"); return x * 3; }
int main(int argc, char **argv) { (void)argv; return hidden(argc); }`

const objcopy = (...args: string[]) => execFileSync('objcopy', args, { stdio: 'pipe' })

/** A program without symbols of its own, what was stripped from it, and where its static function is. */
function stripped(flags: readonly string[] = []) {
  const binary = compile(source, ['-g', ...flags])
  const folder = dirname(binary)
  const debug = join(folder, 'whole.debug')
  const hidden = /^([0-9a-f]+) t hidden$/m.exec(execFileSync('nm', [binary]).toString())?.[1] ?? ''
  objcopy('--only-keep-debug', binary, debug)
  execFileSync('strip', ['--strip-all', binary])
  return { binary, folder, debug, hidden: Number.parseInt(hidden, 16) }
}

/** As /proc/PID/root is to a target. */
const rootOf = (folder: string) => join(folder, 'root')

function put(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}

function opener() {
  const files = createElfFiles()
  onTestFinished(files.close)
  return files
}

function opened(path: string): ElfFile {
  const file = opener().open(path)
  if (file === null) throw new Error(`${path} is no ELF file`)
  return file
}

const nameIn = (file: ElfFile | null, address: number) => file && (readSymbolTable([file])?.nameAt(address) ?? null)

const path = '/srv/app/program'
const findDebug = (binary: string, folder: string) =>
  openDebugFile(opened(binary), { root: rootOf(folder), path }, opener())

describe.skipIf(lacks !== null)(`symbols that lie elsewhere${skipped}`, () => {
  test('are found by build id, in the target’s root', () => {
    const { binary, folder, debug, hidden } = stripped(['-Wl,--build-id=0x0123456789abcdef'])
    put(debug, `${rootOf(folder)}/usr/lib/debug/.build-id/01/23456789abcdef.debug`)
    expect(nameIn(opened(binary), hidden)).toBeNull()
    expect(nameIn(findDebug(binary, folder), hidden)).toBe('hidden')
  })

  test('are not taken from a file that only has the right path: its build id decides', () => {
    const { binary, folder } = stripped(['-Wl,--build-id=0x0123456789abcdef'])
    const other = stripped(['-Wl,--build-id=0xfedcba9876543210'])
    put(other.debug, `${rootOf(folder)}/usr/lib/debug/.build-id/01/23456789abcdef.debug`)
    expect(findDebug(binary, folder)).toBeNull()
  })

  test.each([
    ['beside the file', '/srv/app/whole.debug'],
    ['in .debug beside it', '/srv/app/.debug/whole.debug'],
    ['below /usr/lib/debug', '/usr/lib/debug/srv/app/whole.debug'],
  ])('are found by name and checksum, %s', (_, place) => {
    const { binary, folder, debug, hidden } = stripped(['-Wl,--build-id=none'])
    objcopy(`--add-gnu-debuglink=${debug}`, binary)
    expect(findDebug(binary, folder)).toBeNull()
    put(debug, rootOf(folder) + place)
    expect(nameIn(findDebug(binary, folder), hidden)).toBe('hidden')
    // One byte more, another checksum: of another build, or changed since.
    appendFileSync(rootOf(folder) + place, '\0')
    expect(findDebug(binary, folder)).toBeNull()
  })

  test('are not looked for outside those places: a link with a path is none', () => {
    const { binary, folder, debug } = stripped(['-Wl,--build-id=none'])
    objcopy(`--add-gnu-debuglink=${debug}`, binary)
    const bytes = readFileSync(binary)
    bytes.write('../x/debug', bytes.indexOf('whole.debug'))
    writeFileSync(binary, bytes)
    put(debug, `${rootOf(folder)}/srv/x/debug`)
    expect(findDebug(binary, folder)).toBeNull()
  })

  test('never make looking for them fail, whatever the section says', () => {
    const { binary, folder, debug } = stripped(['-Wl,--build-id=none'])
    objcopy(`--add-gnu-debuglink=${debug}`, binary)
    const bytes = readFileSync(binary)
    const at = bytes.indexOf('whole.debug')
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (link) => {
        const hostile = Buffer.from(bytes)
        hostile.set(link, at)
        const file = elfOf(hostile)
        return file !== null && openDebugFile(file, { root: rootOf(folder), path }, opener()) === null
      }),
      { numRuns: 50 },
    )
  })
})

describe.skipIf(lacks !== null)(`symbols compressed within the file (.gnu_debugdata)${skipped}`, () => {
  const packed = (content: (debug: string) => Buffer) => {
    const program = stripped()
    const section = join(program.folder, 'section.xz')
    writeFileSync(section, content(program.debug))
    objcopy('--add-section', `.gnu_debugdata=${section}`, program.binary)
    return program
  }
  const compressed = (debug: string) => execFileSync(xz, ['-c', debug], { maxBuffer: 2 ** 26 })

  test('are unpacked', () => {
    const { binary, hidden } = packed(compressed)
    expect(nameIn(unpackMiniDebugInfo(opened(binary), xz), hidden)).toBe('hidden')
  })

  test.each([
    ['without xz', null, null],
    ['with it', xz, 'hidden'],
  ])('name addresses of a module: %s', (_, program, expected) => {
    const { binary, hidden } = packed(compressed)
    const file = opened(binary)
    const segment = file.image.segments.find((one) => hidden >= one.address && hidden < one.address + one.fileBytes)
    const offset = hidden - (segment?.address ?? 0) + (segment?.fileOffset ?? 0)
    const modules = createModules({ xz: program })
    onTestFinished(modules.close)
    const region = { start: 1, end: 2, fileOffset: 0, device: '0:1', inode: statSync(binary).ino, path: binary }
    expect(modules.open(process.pid, region)?.nameOf(offset)).toBe(expected)
  })

  test.each([
    ['nothing', () => Buffer.from('x')],
    ['cut off', (debug: string) => compressed(debug).subarray(0, 200)],
    ['no program', () => execFileSync(xz, ['-c'], { input: 'text' })],
  ])('are none where there is %s in it', (_, content) => {
    expect(unpackMiniDebugInfo(opened(packed(content).binary), xz)).toBeNull()
  })

  test('are not unpacked without end', () => {
    const bomb = execFileSync(xz, ['-c', '-0'], { input: Buffer.alloc(80 * 2 ** 20), maxBuffer: 2 ** 26 })
    expect(unpackMiniDebugInfo(opened(packed(() => bomb).binary), xz)).toBeNull()
  })
})
