/**
 * Counters of the target's network namespace that say what went wrong with connections and segments; the rest of the
 * 400 are not recorded. Names as in /proc/net/snmp and /proc/net/netstat; meanings: Documentation/networking/snmp_counter.rst.
 */
const OF_INTEREST: Readonly<Record<string, readonly string[]>> = {
  Tcp: [
    'ActiveOpens',
    'PassiveOpens',
    'AttemptFails',
    'EstabResets',
    'InSegs',
    'OutSegs',
    'RetransSegs',
    'InErrs',
    'OutRsts',
  ],
  TcpExt: [
    ...['ListenOverflows', 'ListenDrops', 'TCPReqQFullDoCookies', 'TCPReqQFullDrop', 'EmbryonicRsts'],
    ...['SyncookiesSent', 'SyncookiesRecv', 'SyncookiesFailed'],
    ...[
      'TCPSynRetrans',
      'TCPTimeouts',
      'TCPLossProbes',
      'TCPLossProbeRecovery',
      'TCPFastRetrans',
      'TCPSlowStartRetrans',
    ],
    ...['TCPLostRetransmit', 'TCPRetransFail', 'TCPDSACKRecv', 'TCPBacklogDrop', 'TCPRcvQDrop', 'PFMemallocDrop'],
    ...['TCPToZeroWindowAdv', 'TCPFromZeroWindowAdv', 'TCPWantZeroWindowAdv', 'TCPZeroWindowDrop', 'TCPWinProbe'],
    ...['TCPMemoryPressures', 'TCPAbortOnMemory', 'TCPAbortOnTimeout', 'TCPAbortOnData', 'TCPAbortOnClose'],
    ...['TW', 'TWRecycled', 'TWKilled', 'TCPTimeWaitOverflow', 'PruneCalled', 'RcvPruned'],
  ],
  Udp: ['InErrors', 'NoPorts', 'RcvbufErrors', 'SndbufErrors'],
  Ip: ['InDiscards', 'OutDiscards', 'InHdrErrors'],
}
const NAMES = Object.entries(OF_INTEREST).flatMap(([group, names]) => names.map((name) => `${group}.${name}`))

/** The counters that are recorded; one that this kernel does not have is left out. */
export function netnsTelemetry(counters: Readonly<Record<string, number>>): Record<string, number> {
  const values: Record<string, number> = {}
  for (const name of NAMES) {
    const value = counters[name]
    if (value !== undefined) values[name] = value
  }
  return values
}
