/**
 * Who still knows the real address: packets of the swarm that reach it after containment, in the capture on the router's
 * WAN side. Counted from the last clear packet of the outage (from the fault when nothing left) to the end of the trial.
 *
 * Late answers to the last clear packets count: whoever sends one knows the address. Not counted are answers of the
 * recovery, that is packets of a flow on which the real address itself sends after restoration, and the lab's canaries
 * (their sink is not of the swarm).
 */
import type { Identity, Measures, SwarmMap } from '../../harness/records.ts';
import { AddressSet, addressKey } from '../capture/address.ts';
import { type CaptureReport, readCapture } from '../capture/read.ts';
import { FlowTable } from '../classify/flows.ts';
import { Headers, NETWORK, PROTOCOL } from '../capture/headers.ts';
import { CANARY_MARKER, startsWith } from '../classify/payload.ts';
import { present } from './uplink.ts';
import type { Spans } from './phases.ts';

/** What a flow is remembered as once the real address itself used it in the recovery. */
const USED_BY_CLIENT = 1;

export interface WanMeasures {
  readonly report: CaptureReport;
  readonly knocks: Measures['knocks'];
}

export async function measureWan(
  file: string,
  originUnixNs: bigint,
  identity: Identity,
  swarm: SwarmMap,
  spans: Spans,
  containmentNs: number,
): Promise<WanMeasures> {
  const headers = new Headers();
  const flows = new FlowTable();
  const real = new AddressSet(present([identity.wan4, identity.lan6]));
  const swarmAddresses = new AddressSet(
    [...swarm.trackers, ...swarm.dhtNodes, ...swarm.peers].flatMap(({ addresses }) => addresses),
  );
  const senders = new Set<string>();
  let packets = 0;
  let firstNs: number | null = null;
  let lastNs: number | null = null;

  const report = await readCapture(file, originUnixNs, (frame) => {
    if (frame.atNs <= containmentNs || frame.atNs > spans.endNs) return;
    const { view } = frame;
    headers.read(frame);
    const v6 = headers.network === NETWORK.ip6;
    if (!v6 && headers.network !== NETWORK.ip4) return;
    const { sourceAt, destinationAt } = headers;
    const has = (set: AddressSet, at: number): boolean => (v6 ? set.has6(view, at) : set.has4(view, at));
    if (has(real, sourceAt)) {
      if (frame.atNs < spans.restoredNs) return;
      const ports = portsOf(headers.sourcePort, headers.destinationPort);
      flows.learn(flows.find(headers.protocol, ports, view, sourceAt, destinationAt, v6), USED_BY_CLIENT, true);
      return;
    }
    if (!has(real, destinationAt) || !has(swarmAddresses, sourceAt)) return;
    if (headers.protocol === PROTOCOL.udp && startsWith(view, headers.payloadAt, headers.end, CANARY_MARKER)) return;
    const ports = portsOf(headers.destinationPort, headers.sourcePort);
    const flow = flows.find(headers.protocol, ports, view, destinationAt, sourceAt, v6);
    if (flows.classOf(flow) === USED_BY_CLIENT) return;
    packets++;
    firstNs ??= frame.atNs;
    lastNs = frame.atNs;
    senders.add(senderKey(view, sourceAt, v6));
  });
  return { report, knocks: { packets, senders: senders.size, firstNs, lastNs } };
}

function portsOf(local: number, remote: number): number {
  return ((local << 16) | (remote & 0xffff)) >>> 0;
}

function senderKey(view: DataView, at: number, v6: boolean): string {
  if (!v6) return addressKey(0, 0, 0, view.getUint32(at));
  return addressKey(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12));
}
