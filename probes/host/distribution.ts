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
export const installCommand = (
  packageName: string,
  system: System,
  names: Readonly<Record<string, string>> = {},
): string => `${firstOf(managers, system)?.install ?? UNKNOWN} ${firstOf(names, system) ?? packageName}`

/** What brings an installed package to what the release has, where installing it again changes nothing. */
export const upgradeCommand = (packageName: string, system: System): string =>
  `${firstOf(managers, system)?.upgrade ?? UNKNOWN} ${packageName}`

const UNKNOWN = 'install the package'

/** What a table has for this system: under its own name, else under the first that it is like. */
export const firstOf = <T>(table: Readonly<Record<string, T>>, { ids }: System): T | undefined => {
  const known = ids.find((id) => Object.hasOwn(table, id))
  return known === undefined ? undefined : table[known]
}

interface PackageManager {
  install: string
  upgrade: string
}
const apt: PackageManager = {
  install: 'sudo apt-get install',
  upgrade: 'sudo apt-get update && sudo apt-get install',
}
const dnf: PackageManager = { install: 'sudo dnf install', upgrade: 'sudo dnf upgrade' }
const zypper: PackageManager = { install: 'sudo zypper install', upgrade: 'sudo zypper update' }
const managers: Readonly<Record<string, PackageManager>> = {
  debian: apt,
  ubuntu: apt,
  fedora: dnf,
  rhel: dnf,
  centos: dnf,
  amzn: dnf,
  suse: zypper,
  opensuse: zypper,
  arch: { install: 'sudo pacman -S', upgrade: 'sudo pacman -Syu' },
  alpine: { install: 'sudo apk add', upgrade: 'sudo apk add --upgrade' },
}

/** A value without its quotes, of letters that a terminal and a reader take as they are. */
const value = (osRelease: string, key: string): string =>
  (new RegExp(`^${key}=["']?([^"'\\n]*)["']?$`, 'm').exec(osRelease)?.[1] ?? '')
    .replace(/[^\w .,:()/+-]/g, '')
    .slice(0, 80)
