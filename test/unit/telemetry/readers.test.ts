import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineageOf, parseCpuMax, parseFlat, parseNumber } from '../../../audit/telemetry/cgroup-tree.ts'
import {
  addressOf,
  connectionValues,
  countConnections,
  createConnectionCount,
} from '../../../audit/telemetry/connections.ts'
import { parseConntrack } from '../../../audit/telemetry/conntrack.ts'
import { parseNetDev, parseStatistic } from '../../../audit/telemetry/devices.ts'
import { interruptValues, parsePerProcessor, softirqValues } from '../../../audit/telemetry/interrupts.ts'
import { backlogValues, parseBacklogs } from '../../../audit/telemetry/listen-backlogs.ts'
import { queueValues } from '../../../audit/telemetry/listen-queues.ts'
import { parseMeminfo, parseVmstat } from '../../../audit/telemetry/memory.ts'
import { parseFileNr } from '../../../audit/telemetry/open-files.ts'
import { parsePressure } from '../../../audit/telemetry/pressure.ts'
import { parseStat, processorValues } from '../../../audit/telemetry/processors.ts'
import { parseFaults, parseFileLimit, parseIo, parseStatus } from '../../../audit/telemetry/resources.ts'
import { parseSnmp6, parseSockstat } from '../../../audit/telemetry/sockets.ts'
import { parseSoftnet } from '../../../audit/telemetry/softnet.ts'
import { parseSchedstat, parseSwitches } from '../../../audit/telemetry/threads.ts'
import { captured, KERNELS } from './captures.ts'

type Values = Readonly<Record<string, number>>
type Parse = (text: string) => Values | null

const connectionsOf: Parse = (text) => {
  const count = createConnectionCount()
  countConnections(text, count)
  return connectionValues(count, [32768, 60999])
}
const fileLimit: Parse = (text) => {
  const limit = parseFileLimit(text)
  return limit === null ? null : { limit }
}

/** What each parser makes of each kernel's file; the numbers were read off the captures with awk. */
const captures: [path: string, parse: Parse, expected: [Values, Values, Values, Values]][] = [
  [
    '/proc/stat',
    (text) => processorValues(parseStat(text)),
    [
      { user_ms: 35_960, idle_ms: 84_680, softirq_ms: 6520, 'cpu1.busy_ms': 33_160, ctxt: 19_295, procs_running: 1 },
      { user_ms: 26_120, idle_ms: 60_990, softirq_ms: 3570, 'cpu1.busy_ms': 29_880, ctxt: 18_409, procs_running: 2 },
      { user_ms: 1_779_800, idle_ms: 1_963_810, softirq_ms: 29_760, 'cpu1.busy_ms': 1_578_010, ctxt: 6_889_018 },
      { user_ms: 12_490, idle_ms: 35_960, softirq_ms: 1460, 'cpu1.busy_ms': 14_480, ctxt: 10_044, online: 2 },
    ],
  ],
  [
    '/proc/vmstat',
    parseVmstat,
    [
      { pgfault: 35_487, pgmajfault: 417, oom_kill: 0, allocstall: 0 },
      { pgfault: 31_206, pgmajfault: 417, oom_kill: 0, allocstall: 0 },
      { pgfault: 42_765_377, pgmajfault: 4675, oom_kill: 0, workingset_refault: 833_547 },
      { pgfault: 22_861, pgmajfault: 57, oom_kill: 0, allocstall: 0 },
    ],
  ],
  [
    '/proc/meminfo',
    parseMeminfo,
    [
      { available_bytes: 861_290_496 },
      { available_bytes: 846_737_408 },
      { available_bytes: 21_421_508 * 1024 },
      { available_bytes: 783_052_800 },
    ],
  ],
  [
    '/proc/pressure/cpu',
    parsePressure,
    [
      { some_avg10_pct: 50.43, some_us: 49_515_819 },
      { some_avg10_pct: 44.12, some_us: 36_263_315, full_us: 0 },
      { some_avg10_pct: 98.15, some_us: 908_288_704, full_us: 0 },
      { some_avg10_pct: 48.06, some_us: 24_516_195, full_us: 0 },
    ],
  ],
  [
    '/proc/softirqs',
    (text) => softirqValues(parsePerProcessor(text)),
    [
      { net_rx: 109, 'cpu1.net_rx': 92 },
      { net_rx: 114, 'cpu1.net_rx': 56 },
      { net_rx: 1_908_015, 'cpu1.net_rx': 984_796 },
      { net_rx: 106, 'cpu1.net_rx': 41 },
    ],
  ],
  [
    '/proc/interrupts',
    (text) => interruptValues(parsePerProcessor(text)),
    [
      { device: 758, 'cpu1.device': 377, timer: 28_058, function_call: 2058, tlb: 45 },
      { device: 841, 'cpu1.device': 172, timer: 23_725, function_call: 7538, tlb: 14 },
      { device: 327_824, 'cpu1.device': 298_461, timer: 1_232_317, function_call: 711_523 },
      { device: 334, 'cpu1.device': 127, timer: 12_431, function_call: 6235, tlb: 64 },
    ],
  ],
  [
    '/proc/net/softnet_stat',
    parseSoftnet,
    [
      { processed: 0x1b + 0x8e, dropped: 0, time_squeeze: 4, 'cpu1.dropped': 0, backlog_max: 0 },
      { processed: 0x5a + 0x55, dropped: 0, time_squeeze: 7 },
      { processed: 0xeb330 + 0xfe5eb, dropped: 0, time_squeeze: 3 },
      { processed: 0xa6, dropped: 0, time_squeeze: 3, flow_limit: 0 },
    ],
  ],
  [
    '/proc/PID/net/dev',
    parseNetDev,
    [
      { 'lo.rx_bytes': 9128, 'lo.tx_packets': 169, 'lo.rx_dropped': 0 },
      { 'lo.rx_bytes': 9440, 'lo.tx_packets': 175, 'lo.tx_dropped': 0 },
      { 'lo.rx_bytes': 8660, 'lo.tx_packets': 160, 'lo.rx_fifo': 0 },
      { 'lo.rx_bytes': 8972, 'lo.tx_packets': 166, 'lo.rx_errors': 0 },
    ],
  ],
  ['/proc/PID/net/sockstat', parseSockstat, same({ sockets_used: 1, tcp_inuse: 1, tcp_tw: 20, tcp_mem: 0 })],
  ['/proc/PID/net/sockstat6', parseSockstat, same({ tcp6_inuse: 0 })],
  ['/proc/PID/net/snmp6', parseSnmp6, same({ Ip6OutRequests: 0, Udp6NoPorts: 0 })],
  // The server closed first: its side of each connection waits, on a port it listens on, which uses up no other.
  ['/proc/PID/net/tcp', connectionsOf, same({ time_wait: 20, established: 0, ports_used: 0, ports_limit: 28_232 })],
  ['/proc/PID/net/stat/nf_conntrack', parseConntrack, same({ entries: 0, insert_failed: 0, drop: 0, early_drop: 0 })],
  [
    '/proc/sys/fs/file-nr',
    parseFileNr,
    [{ allocated: 64, max: 96_498 }, { max: 95_842 }, { max: 2_466_160 }, { allocated: 76 }],
  ],
  [
    '/proc/PID/stat',
    parseFaults,
    [
      { minor_faults: 2090, major_faults: 429 },
      { minor_faults: 2105, major_faults: 428 },
      { minor_faults: 2663, major_faults: 0 },
      { minor_faults: 2318, major_faults: 12 },
    ],
  ],
  ['/proc/PID/status', parseStatus, [peak(42_384), peak(42_224), peak(44_752), peak(50_276)]],
  [
    '/proc/PID/status',
    parseSwitches,
    [
      { voluntary_switches: 232, involuntary_switches: 981 },
      { voluntary_switches: 207, involuntary_switches: 849 },
      { voluntary_switches: 7, involuntary_switches: 81 },
      { voluntary_switches: 28, involuntary_switches: 561 },
    ],
  ],
  ['/proc/PID/limits', fileLimit, [{ limit: 4096 }, { limit: 4096 }, { limit: 20_000 }, { limit: 4096 }]],
  [
    '/proc/PID/io',
    parseIo,
    [
      { read_call_bytes: 26_695, write_call_bytes: 35, read_calls: 89 },
      { read_call_bytes: 29_453, write_calls: 23 },
      { read_call_bytes: 250_428, read_calls: 148 },
      { read_call_bytes: 30_046, read_calls: 92 },
    ],
  ],
  [
    '/proc/PID/schedstat',
    parseSchedstat,
    [
      { run_ns: 17_616_830_784, wait_ns: 70_871_248_271, timeslices: 1213 },
      { run_ns: 14_374_637_169, wait_ns: 57_591_085_805, timeslices: 1056 },
      { run_ns: 277_050_523, wait_ns: 507_028_512, timeslices: 88 },
      { run_ns: 8_234_793_690, wait_ns: 37_268_488_741, timeslices: 589 },
    ],
  ],
  [
    '/sys/fs/cgroup/outer/cpu.stat',
    parseFlat,
    [
      { nr_periods: 903, nr_throttled: 876, throttled_usec: 69_633_441, usage_usec: 17_670_197 },
      { nr_periods: 737, nr_throttled: 717, throttled_usec: 56_148_583, nr_bursts: 0 },
      { usage_usec: 274_975 }, // without the controller: no limit, so no periods
      { nr_periods: 459, nr_throttled: 445, throttled_usec: 35_249_664 },
    ],
  ],
]
function peak(kib: number): Values {
  return { rss_peak_bytes: kib * 1024, swap_bytes: 0 }
}
function same(values: Values): [Values, Values, Values, Values] {
  return [values, values, values, values]
}

describe('real files of each kernel', () => {
  const cases = captures.flatMap(([path, parse, expected]) =>
    KERNELS.map((kernel, at) => ({ kernel, path, parse, expected: expected[at] ?? {} })),
  )
  test.each(cases)('Linux $kernel $path', ({ kernel, path, parse, expected }) => {
    expect(parse(captured(kernel, path))).toMatchObject(expected)
  })

  test.each(['5.10', '6.1', '7.3'] as const)('cgroup limits of Linux %s', (kernel) => {
    const own = (file: string) => captured(kernel, `/sys/fs/cgroup/outer/inner/${file}`)
    expect(parseCpuMax(captured(kernel, '/sys/fs/cgroup/outer/cpu.max'))).toEqual({ limit_cpus: 0.2 })
    expect(parseCpuMax(own('cpu.max'))).toBeNull()
    expect(parseNumber('max_bytes')(own('memory.max'))).toEqual({ max_bytes: 268_435_456 })
    expect(parseNumber('limit')(own('pids.max'))).toBeNull()
    expect(parseFlat(own('memory.events'))).toMatchObject({ high: 0, max: 0, oom_kill: 0 })
    expect(parsePressure(own('cpu.pressure'))?.['some_us']).toBeGreaterThan(1e6)
  })

  test('a processor pressure without its second line has no "full": unknown, not zero', () => {
    expect(parsePressure(captured('5.10', '/proc/pressure/cpu'))).not.toHaveProperty('full_us')
  })
})

describe('files that are odd', () => {
  const texts = captures.flatMap(([path, parse]) => KERNELS.map((kernel) => ({ parse, text: captured(kernel, path) })))

  test('cut anywhere give fewer numbers, never wrong types of them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.double({ min: 0, max: 1, noNaN: true }), ({ parse, text }, share) => {
        const cut = text.slice(0, Math.floor(text.length * share))
        for (const value of Object.values(parse(cut) ?? {})) expect(Number.isFinite(value)).toBe(true)
      }),
    )
  })

  test('with bytes changed still give finite numbers or none', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(fc.nat()),
        fc.string({ maxLength: 4 }),
        ({ parse, text }, places, junk) => {
          let damaged = text
          for (const place of places) {
            const at = place % (damaged.length + 1)
            damaged = damaged.slice(0, at) + junk + damaged.slice(at + junk.length)
          }
          for (const value of Object.values(parse(damaged) ?? {})) expect(Number.isFinite(value)).toBe(true)
        },
      ),
    )
  })

  test.each(captures.map(([path, parse]) => [path, parse] as const))(
    '%s that is empty tells nothing',
    (path, parse) => {
      const found = parse('') ?? {}
      // A table of connections may well be empty: that is known, and zero.
      if (path !== '/proc/PID/net/tcp') expect(found).toEqual({})
    },
  )

  test.each([
    ['more columns', 'cpu  1 2 3 4 5 6 7 8 9 10 11 12\n', { user_ms: 10, steal_ms: 80 }],
    ['too few columns', 'cpu  1 2 3 4\ncpu0 1 2 3 4 5 6 7 8\n', { online: 1, 'cpu0.busy_ms': 270 }],
    ['a processor offline', 'cpu0 1 0 0 0 0 0 0 0\ncpu7 2 0 0 0 0 0 0 0\n', { online: 2, 'cpu7.busy_ms': 20 }],
  ])('/proc/stat with %s', (_, text, expected) => {
    expect(processorValues(parseStat(text))).toMatchObject(expected)
  })

  test('a machine with hundreds of processors tells sums only', () => {
    const text = Array.from({ length: 200 }, (_, n) => `cpu${n} 1 1 1 1 1 1 1 1`).join('\n')
    expect(processorValues(parseStat(`cpu  9 9 9 9 9 9 9 9\n${text}\n`))).toMatchObject({ online: 200, user_ms: 90 })
    expect(Object.keys(processorValues(parseStat(text)) ?? {})).toEqual(['online'])
  })

  test('softnet_stat of an old kernel names processors by line', () => {
    const columns = (dropped: string) => ['000000ff', dropped, ...Array(8).fill('00000000'), '00000002'].join(' ')
    expect(parseSoftnet(`${columns('00000000')}\n${columns('0000000a')}\n`)).toEqual({
      ...{ processed: 510, dropped: 10, time_squeeze: 0, received_rps: 0, flow_limit: 4 },
      ...{ 'cpu0.dropped': 0, 'cpu1.dropped': 10 },
    })
  })

  test('interfaces that never carried anything are left out, names are made safe, aliases kept', () => {
    const line = (name: string, packets: number) => `${name}: 1 ${packets} 0 3 0 0 0 0 2 ${packets} 0 0 0 0 0 0`
    const text = [
      'Inter-| Receive',
      ' face |bytes',
      line('eth0:1', 5),
      line('\x1b[2J', 1),
      'dummy: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0',
    ].join('\n')
    expect(Object.keys(parseNetDev(text) ?? {}).filter((name) => name.endsWith('.rx_dropped'))).toEqual([
      'eth0:1.rx_dropped',
      '\\x1b[2J.rx_dropped',
    ])
  })

  test('connection tracking adds up processors, but not the entries each of them repeats', () => {
    const text =
      'entries  found drop newcolumn\n0000000a  00000001 00000002 00000009\n0000000a  00000003 00000004 00000009\n'
    expect(parseConntrack(text)).toEqual({ entries: 10, found: 4, drop: 6 })
  })

  test('no limit on open files of a host is told as none', () => {
    expect(parseFileNr('1000\t0\t9223372036854775807\n')).toEqual({ allocated: 1000 })
    expect(
      parseFileLimit('Max open files            unlimited            unlimited            files     \n'),
    ).toBeNull()
  })

  test('a comm full of parentheses does not shift the page faults', () => {
    expect(parseFaults('7 (a) S 1) 2 3) S 1 7 7 0 -1 0 11 0 22 0 1 1\n')).toEqual({
      minor_faults: 11,
      major_faults: 22,
    })
  })

  test.each(['', 'x', '-', '0x', '1e999'])('a statistic of %j is unknown', (text) => {
    expect(parseStatistic(text)).toBeNull()
  })
})

describe('connections', () => {
  const line = (local: string, remote: string, state: string) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000\n`
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n',
    line('00000000:1F90', '00000000:0000', '0A'),
    line('0100007F:1F90', '0100007F:8000', '01'),
    line('0100007F:1F90', '0100007F:8001', '03'),
    ...Array.from({ length: 30 }, (_, n) =>
      line(`0100007F:${(0x9000 + n).toString(16).toUpperCase()}`, '0200007F:1538', '06'),
    ),
    ...Array.from({ length: 7 }, (_, n) => line(`0100007F:A00${n}`, '0300007F:1538', '01')),
    line('0100007F:B000', '0300007F:1539', '08'),
  ].join('')
  const v6 =
    '   1: 0000000000000000FFFF00000100007F:B001 0000000000000000FFFF00000300007F:1538 01 00000000:00000000 00:00000000\n'

  test('are counted by state, and by the destination whose ports they use up', () => {
    expect(connectionsOf(text + v6)).toEqual({
      ...{ established: 9, syn_sent: 0, syn_recv: 1, fin_wait1: 0, fin_wait2: 0, time_wait: 30 },
      ...{ close_wait: 1, last_ack: 0, closing: 0, ports_used: 30, ports_limit: 28_232 },
      ...{ 'to 127.0.0.2:5432': 30, 'to 127.0.0.3:5432': 7, 'to 127.0.0.3:5433': 1 },
    })
  })

  test('of a namespace whose range of ports is unknown have no limit', () => {
    const count = createConnectionCount()
    countConnections(text, count)
    expect(connectionValues(count, null)).not.toHaveProperty('ports_limit')
  })

  test('in tables read in pieces are the same', () => {
    const count = createConnectionCount()
    for (const one of text.split(/(?<=\n)/)) countConnections(one, count)
    const { ports_limit, ...withoutLimit } = connectionsOf(text) ?? {}
    expect(ports_limit).toBe(28_232)
    expect(connectionValues(count, null)).toEqual(withoutLimit)
  })

  test.each([
    ['0100007F', '127.0.0.1'],
    ['00000000000000000000000001000000', '::1'],
    ['0000000000000000FFFF00000A00020F', '15.2.0.10'],
    ['B80D01200000000000000000010000FF', '2001:db8::ff00:1'],
    ['00000000000000000000000000000000', '::'],
  ])('address %s is %s', (hex, expected) => {
    expect(addressOf(hex, 'LE')).toBe(expected)
  })
})

test('the longest queue of a port counts, one sick worker is enough', () => {
  const listener = (port: number, recvQ: number, inode: number) => ({
    port,
    address: '0100007F',
    recvQ,
    inode,
    table: 'tcp' as const,
    limit: null,
  })
  expect(queueValues([listener(80, 0, 1), listener(80, 9, 2), listener(443, 1, 3)])).toEqual({
    ...{ '80.waiting': 9, '80.sockets': 2, '443.waiting': 1, '443.sockets': 1 },
  })
  expect(queueValues([])).toBeNull()
})

describe('accept queues as ss tells them', () => {
  const netlink = [
    'LISTEN 0      5      127.0.0.1:8080 0.0.0.0:* ino:582807 sk:1 cgroup:/ <->',
    '\t skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d4)',
    'LISTEN 3      7              *:8080       *:* ino:582810 sk:2 cgroup:/ v6only:0 <->',
    '\t skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d9)',
    'LISTEN 0      511         [::1]:443    [::]:* uid:33 ino:7 sk:3 <->\tskmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d0)',
    '',
  ].join('\n')
  // iproute2 5.9 on a kernel without tcp_diag: read from /proc, limits are not known there
  const proc = 'LISTEN 0      0      127.0.0.1:8080 0.0.0.0:* ino:380 sk:e973918a\n'

  test('have the smallest limit of a port, and all its drops; of the target alone', () => {
    expect(backlogValues(parseBacklogs(netlink), new Set([582_807, 582_810, 7]))).toEqual({
      ...{ '8080.limit': 5, '8080.drops': 13, '443.limit': 511, '443.drops': 0 },
    })
    expect(backlogValues(parseBacklogs(netlink), new Set([582_810]))).toEqual({ '8080.limit': 7, '8080.drops': 9 })
    expect(backlogValues(parseBacklogs(netlink), new Set([1]))).toBeNull()
  })

  test.each([
    ['without netlink, whose zeros are none', proc],
    ['empty', ''],
    ['cut short', netlink.slice(0, 70)],
    ['other words', 'Error: unknown option\n'],
  ])('tell nothing: %s', (_, text) => {
    expect(parseBacklogs(text)).toEqual([])
  })
})

test('a cgroup is read with all above it but the root', () => {
  expect(lineageOf('/system.slice/api.service')).toEqual(['/system.slice/api.service', '/system.slice'])
  expect(lineageOf('/')).toEqual([])
})
