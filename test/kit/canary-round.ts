/**
 * One round of canaries over every instrument of a trial. The neighbour speaks to each member of the swarm by its own
 * protocol, through the home router; two raw frames leave the client's own device, beneath any firewall: one to the
 * sink, which both captures and the counters must see, and one to the LAN's service-discovery group, which the
 * neighbour must hear.
 */
import type { Clock } from '../../src/contracts/clock.ts';
import type { Host } from '../../src/contracts/host.ts';
import type { Tap } from '../../src/contracts/lab.ts';
import type { Identity } from '../../src/records/identity.ts';
import type { CanaryInstrument, CanarySighting, CanaryWatch } from '../../src/probes/canary-watch.ts';
import { CANARY_PORT } from '../../src/records/canary.ts';
import { canaryBytes, canaryNonce } from '../../src/probes/canary.ts';
import type { RunningCounters } from '../../src/probes/counters.ts';
import { udpFrame } from '../../src/probes/ethernet-frame.ts';
import type { RawFrameSender } from '../../src/probes/raw-frame-sender.ts';
import type { RunningNeighbour } from '../../src/probes/swarm-client.ts';

export interface CanaryRoundParts {
  readonly watch: CanaryWatch;
  readonly neighbour: RunningNeighbour;
  /** Armed on the client's uplink device. */
  readonly sender: RawFrameSender;
  readonly counters: RunningCounters;
  readonly clock: Clock;
  readonly identity: Identity;
  /** Ethernet address of the home router on the LAN. */
  readonly gatewayMac: string;
  readonly sinkAddress: string;
}

/** BEP 14's group and the Ethernet address it maps to (RFC 1112, section 6.4). */
const LSD = { address: '239.192.152.143', port: 6771, mac: '01:00:5e:40:98:8f' };
const RAW_FRAMES = 2;
/** Milliseconds to wait for an answer: in namespaces of one kernel it takes a few; a loaded machine takes longer. */
const PATIENCE_MS = 3000;

/** Names the instruments that saw this round's canary. A round leaves exactly two clear frames of the client's. */
export async function canaryRound(
  parts: CanaryRoundParts,
  instruments: readonly CanaryInstrument[],
  patienceMs: number = PATIENCE_MS,
): Promise<CanarySighting[]> {
  const { watch, neighbour, sender, counters, clock } = parts;
  const nonce = canaryNonce();
  return watch.round(nonce, instruments, patienceMs, async () => {
    neighbour.sendCanaries(nonce);
    const before = await counters.read();
    for (const frame of rawCanaries(parts, nonce)) await sender.send(frame, clock);
    const after = await counters.read();
    if (after.canaries >= before.canaries + RAW_FRAMES) watch.saw('counters', nonce);
  });
}

function rawCanaries({ identity, gatewayMac, sinkAddress }: CanaryRoundParts, nonce: string): Buffer[] {
  const from = { sourceMac: identity.clientMac, source: { address: identity.lan4, port: CANARY_PORT } };
  const payload = canaryBytes(nonce);
  return [
    udpFrame({
      ...from,
      destinationMac: gatewayMac,
      destination: { address: sinkAddress, port: CANARY_PORT },
      payload,
    }),
    udpFrame({ ...from, destinationMac: LSD.mac, destination: LSD, payload }),
  ];
}

/** The Ethernet address of a device, e.g. of the router's bridge on the LAN. */
export async function macOf(host: Host, device: Tap['device']): Promise<string> {
  const { stdout } = await host.run(['ip', '-br', 'link', 'show', 'dev', device]);
  const mac = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/.exec(stdout)?.[0];
  if (mac === undefined)
    throw new Error(`Device «${device}» of ${host.name} has no Ethernet address: «${stdout.trim()}»`);
  return mac;
}
