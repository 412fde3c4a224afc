import { readProc } from './process.ts'

/** What os-release(5) says of this system, as far as advice depends on it. */
export interface System {
  /** its own name, then those of what it is like */
  ids: readonly string[]
  /** as people call it: "Debian GNU/Linux 12 (bookworm)" */
  name: string
  /** VERSION_ID as numbers; null for a rolling release, or one that is not out yet */
  release: readonly number[] | null
}

export const thisSystem = (): System => readSystem(readProc('/etc/os-release') ?? '')

export function readSystem(osRelease: string): System {
  const version = value(osRelease, 'VERSION_ID')
  return {
    ids: [value(osRelease, 'ID'), ...value(osRelease, 'ID_LIKE').split(' ')].filter((id) => id !== ''),
    name: value(osRelease, 'PRETTY_NAME') || value(osRelease, 'NAME') || 'this distribution',
    release: /^\d+(\.\d+)*$/.test(version) ? version.split('.').map(Number) : null,
  }
}

/** The command that installs a package here. @param names of the package where it is called otherwise, by distribution */
export function installCommand(
  packageName: string,
  system: System,
  names: Readonly<Record<string, string>> = {},
): string {
  const command = firstOf(installers, system)
  return `${command ?? 'install the package'} ${firstOf(names, system) ?? packageName}`
}

/** What a table has for this system: under its own name, else under the first that it is like. */
export const firstOf = <T>(table: Readonly<Record<string, T>>, { ids }: System): T | undefined =>
  ids.map((id) => table[id]).find((known) => known !== undefined)

const dnf = 'sudo dnf install'
const zypper = 'sudo zypper install'
const installers: Readonly<Record<string, string>> = {
  debian: 'sudo apt-get install',
  ubuntu: 'sudo apt-get install',
  fedora: dnf,
  rhel: dnf,
  centos: dnf,
  amzn: dnf,
  suse: zypper,
  opensuse: zypper,
  arch: 'sudo pacman -S',
  alpine: 'sudo apk add',
}

/** A value without its quotes, of letters that a terminal and a reader take as they are. */
const value = (osRelease: string, key: string): string =>
  (new RegExp(`^${key}=["']?([^"'\\n]*)["']?$`, 'm').exec(osRelease)?.[1] ?? '')
    .replace(/[^\w .,:()/+-]/g, '')
    .slice(0, 80)
