const KIB = 1024
const MIB = 1024 * KIB

/**
 * How much is read of the processes that are looked at. Any user may start a process and name a file as it likes, and root
 * reads them: every kind has a number here, chosen so that all of them together stay below 512 MiB and that no honest
 * program comes near. What is past a limit has no name, and a note says which limit it was.
 */
export const LIMITS = {
  /** Node's after days of --perf-basic-prof; a JVM of 20 000 methods has 3 MiB. Two readings of a map are kept. */
  perfMapBytes: 32 * MIB,
  /** 28 bytes each, twice */
  perfMapEntries: 500_000,
  /** The rest of a longer line is no part of a name. */
  perfMapLineBytes: 4096,
  /** perf maps of all processes together: a cluster of Node workers */
  perfMapsBytes: 96 * MIB,

  /** /proc/PID/maps: 65 530 ranges (vm.max_map_count) with usual paths; a path may have 4 KiB. */
  mapsBytes: 16 * MIB,
  /** executable ranges of a process; a desktop program has 300 */
  regions: 8192,

  /** files of all processes held open; a Java server has 40 */
  openFiles: 512,
  /** headers of programs and sections; real files have tens */
  elfHeaders: 4096,
  /** segments with notes that are looked at for a build id; real files have two */
  noteSegments: 8,
  /** notes of one segment; real ones have some hundred bytes */
  noteBytes: 64 * KIB,
  /** symbols of a module; a browser has a million, 17 bytes each */
  symbols: 2_000_000,
  /** symbols of all modules together */
  symbolsTogether: 3_000_000,
  /** .eh_frame without an index, as static programs have it: some MiB at most */
  ehFrameBytes: 16 * MIB,
  /** its entries: a large static program has 50 000 */
  ehFrameEntries: 250_000,

  /** separate debug files read to the end for the checksum in .gnu_debuglink, all together */
  checksumBytes: 1024 * MIB,
  /** symbol tables that are packed within a program (.gnu_debugdata), of a browser 2 and 20 MiB */
  packedBytes: 16 * MIB,
  unpackedBytes: 64 * MIB,
  /** all of them together, unpacked; they are held in memory */
  unpackedTogether: 128 * MIB,

  /** Time spent on one process, ms: of a large Node program it takes 700. */
  processMs: 10_000,
} as const

export type LimitName = keyof typeof LIMITS
