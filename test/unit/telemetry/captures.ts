import { readFileSync } from 'node:fs'

/** Kernels whose files were captured (fixtures/samples/proc/capture.sh): Debian's in a virtual machine, 6.18 a host. */
export const KERNELS = ['5.10', '6.1', '6.18', '7.3'] as const
export type Kernel = (typeof KERNELS)[number]

/** The text of a captured file, as that kernel wrote it. @throws when it was not captured */
export function captured(kernel: Kernel, path: string): string {
  const text = fileOf(kernel).get(path)
  if (text === undefined) throw new Error(`no ${path} of Linux ${kernel}`)
  return text
}

const read = new Map<Kernel, Map<string, string>>()
function fileOf(kernel: Kernel): Map<string, string> {
  const known = read.get(kernel)
  if (known) return known
  const all = readFileSync(new URL(`../../../fixtures/samples/proc/linux-${kernel}.txt`, import.meta.url), 'utf8')
  const files = new Map<string, string>()
  for (const part of all.split(/^==> /m).slice(1)) {
    const heading = part.indexOf(' <==\n')
    files.set(part.slice(0, heading), part.slice(heading + ' <==\n'.length))
  }
  read.set(kernel, files)
  return files
}
