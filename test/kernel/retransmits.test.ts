import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { retransmits } from '../../probes/catalog/retransmits.ts'
import { attach } from './attach.ts'
import { eventually } from './lines.ts'
import { dropEveryTenth, freshNetns } from './netns.ts'
import { netCounter, phaseData } from './readings.ts'
import { kernelSuite, network } from './requirements.ts'
import { startWorkload } from './workload.ts'

const port = 7400

kernelSuite(
  'retransmits in an own network namespace that drops every tenth packet',
  () => {
    test.each([
      { mtu: 65536, packets: 'of one segment' },
      { mtu: 1500, packets: 'of many segments' },
    ])('packets $packets: segments equal the RetransSegs delta, exactly', async ({ mtu }) => {
      const namespace = freshNetns(mtu)
      const server = await startWorkload('retrans', ['--port', String(port), '--megabytes', '8'], {
        prefix: namespace.prefix,
      })
      dropEveryTenth(namespace.name, port)
      const attached = await attach(['retransmits', '--pid', String(server.pid)])
      const before = counters(server.pid)
      server.say('go')
      expect(await server.hear('truth', z.object({ bytes: z.number() }))).toEqual({ bytes: 8 * 2 ** 20 })
      await farewellsAreOver(server.pid)
      await attached.stop()
      const after = counters(server.pid)

      const data = phaseData(attached.records, retransmits)
      expect(after.segments).toBeGreaterThan(before.segments)
      expect(data.segments).toBe(after.segments - before.segments)
      expect(data.syn + data.synack).toBe(after.handshakes - before.handshakes)
      expect(data.synack, 'the first packet from the port is a SYN-ACK').toBeGreaterThan(0)
      expect(data.loss_probes).toBe(after.probes - before.probes)
      expect(data.flows.reduce((sum, flow) => sum + flow.count, 0)).toBe(data.segments)
      for (const flow of data.flows) expect([flow.local, flow.remote]).toContain(`127.0.0.1:${port}`)
      expect(data.own).toEqual({ segments: data.segments, syn: data.syn, synack: data.synack })
    })

    test('what a neighbour in the same namespace sends again stands apart from what the target does', async () => {
      const { name, prefix } = freshNetns()
      const others = 7500
      const target = await startWorkload('retrans', ['--port', String(port)], { prefix })
      const neighbour = await startWorkload('retrans', ['--port', String(others)], { prefix })
      dropEveryTenth(name, others)
      const attached = await attach(['retransmits', '--pid', String(target.pid)])
      const before = counters(target.pid)
      for (const program of [target, neighbour]) {
        program.say('go')
        await program.hear('truth', z.object({ bytes: z.number() }))
      }
      await farewellsAreOver(target.pid)
      await attached.stop()

      const data = phaseData(attached.records, retransmits)
      const grown = counters(target.pid).segments - before.segments
      expect(grown).toBeGreaterThan(0)
      expect(data).toMatchObject({ segments: grown, own: { segments: 0, syn: 0, synack: 0 } })
      expect(data.flows.every(({ own }) => own === false)).toBe(true)
    })

    test('what another namespace sends again is not the target’s', async () => {
      const [own, other] = [freshNetns(), freshNetns()]
      const target = await startWorkload('retrans', ['--port', String(port)], { prefix: own.prefix })
      const stranger = await startWorkload('retrans', ['--port', String(port)], { prefix: other.prefix })
      dropEveryTenth(other.name, port)
      const attached = await attach(['retransmits', '--pid', String(target.pid)])
      for (const program of [target, stranger]) program.say('go')
      for (const program of [target, stranger]) await program.hear('truth', z.object({ bytes: z.number() }))
      await farewellsAreOver(target.pid)
      await attached.stop()

      expect(counters(stranger.pid).segments).toBeGreaterThan(0)
      expect(phaseData(attached.records, retransmits)).toMatchObject({ segments: counters(target.pid).segments })
    })
  },
  network,
)

/**
 * The last acknowledgement may have been dropped: then a FIN is sent again until it is answered, after the programs are done
 * and, without this, between the last cut and the reading of the counters.
 */
const farewellsAreOver = (pid: number) =>
  eventually(
    'every FIN is acknowledged',
    () =>
      readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
        .split('\n')
        .every((line) => !UNANSWERED.has(line.trim().split(/\s+/)[3] ?? '')),
    30_000,
  )
/** FIN_WAIT1, LAST_ACK and CLOSING, include/net/tcp_states.h */
const UNANSWERED = new Set(['04', '09', '0B'])

/** RetransSegs counts SYNs and SYN-ACKs too; TCPSynRetrans counts just those two. */
const counters = (pid: number) => ({
  segments: netCounter(pid, 'Tcp', 'RetransSegs'),
  handshakes: netCounter(pid, 'TcpExt', 'TCPSynRetrans'),
  probes: netCounter(pid, 'TcpExt', 'TCPLossProbes'),
})
