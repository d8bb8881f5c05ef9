/**
 * Judges the frames of a capture one by one: does it leave the client, and if so, is it the tunnel's own datagram, link
 * housekeeping, a canary of the lab, or a clear packet, and of which class. Bytes first, the flow second, known addresses
 * and ports last. Judges what left, not whether anybody received it.
 */
import { SWARM } from '../../contracts/addresses.ts';
import { CANARY_PORT } from '../../records/canary.ts';
import type { SwarmMap } from '../../records/identity.ts';
import { AddressSet, EndpointSet } from '../capture/address.ts';
import type { Frame } from '../capture/frame.ts';
import { CLASS, FAMILY, HOUSEKEEPING, KIND, SOURCE, UNDECIDED } from './classes.ts';
import { FlowTable, NO_FLOW } from './flows.ts';
import { FRAGMENT, Headers, NETWORK } from '../capture/headers.ts';
import { PROTOCOL } from '../../records/protocols.ts';
import { LeavingRule } from './leaving.ts';
import { isDhcp, isIgmp, isMld, isNdp } from './link-housekeeping.ts';
import { CANARY, looksLikeUtp, startsWith, tcpPayloadClass, udpPayloadClass } from './payload-shapes.ts';
import { SwarmClasses } from './swarm-classes.ts';
import { SHAPE, TunnelShortcut } from './tunnel-shortcut.ts';

/** Addresses by which a client is known in a capture taken anywhere. */
export interface ClientIdentity {
  /** Ethernet address of the client, and then what its frames are known by alone; null where it is not known. */
  readonly mac: string | null;
  /** Ethernet addresses that the capture shows to be the client's, where none was given. */
  readonly learntMacs?: readonly string[];
  /** Addresses of the client outside the tunnel. */
  readonly real: readonly string[];
  /** Addresses of the client inside the tunnel. */
  readonly tunnel: readonly string[];
  /** Endpoints to which the tunnel's own datagrams go. */
  readonly endpoints: readonly { readonly address: string; readonly port: number }[];
}

/** What a frame is; overwritten by the next one judged. */
export interface Judgement {
  /** Kind of the frame: a value of KIND. */
  kind: number;
  /** Index into CLEAR_CLASSES when clear, into HOUSEKEEPING_CLASSES when housekeeping. */
  code: number;
  family: number;
  source: number;
  /** The flow of a clear packet whose class is not known yet, else NO_FLOW: ask `classOfFlow` at the end. */
  openFlow: number;
}

const PORT = {
  dns: 53,
  ssdp: 1900,
  natPmp: 5351,
  lsd: 6771,
};
/** Sets fragments apart from flows in the table. */
const FRAGMENT_FLOW = 0x100;

export class Classifier {
  readonly #headers = new Headers();
  readonly #judgement: Judgement = { kind: KIND.notLeaving, code: 0, family: 0, source: 0, openFlow: NO_FLOW };
  readonly #flows = new FlowTable();
  readonly #swarm: SwarmClasses;
  readonly #leaving: LeavingRule;
  readonly #shortcut: TunnelShortcut;
  readonly #real: AddressSet;
  readonly #tunnel: AddressSet;
  readonly #endpoints: EndpointSet;
  readonly #canary = new AddressSet([SWARM.canarySink]);

  constructor(client: ClientIdentity, swarm: SwarmMap | null) {
    this.#swarm = new SwarmClasses(swarm);
    this.#leaving = new LeavingRule(client);
    this.#shortcut = new TunnelShortcut(client.endpoints);
    this.#real = new AddressSet(client.real);
    this.#tunnel = new AddressSet(client.tunnel);
    this.#endpoints = new EndpointSet(client.endpoints);
  }

  /** Judges one frame. Frames must come in the capture's order; the result is valid until the next call. */
  judge(frame: Frame): Judgement {
    const headers = this.#headers;
    const judgement = this.#judgement;
    const { view } = frame;
    judgement.openFlow = NO_FLOW;
    const shape = this.#shortcut.shapeOf(frame);
    if (shape !== SHAPE.other && this.#leaving.knowsMac) {
      const leaves = this.#leaving.isClientMac(view.getUint16(frame.offset + 6), view.getUint32(frame.offset + 8));
      if (leaves === (shape === SHAPE.toEndpoint)) {
        judgement.kind = leaves ? KIND.tunnel : KIND.notLeaving;
        return judgement;
      }
    }
    headers.read(frame);
    if (!this.#leaving.leaves(headers, view)) {
      judgement.kind = KIND.notLeaving;
      this.#learnFromIncoming(headers, view);
      return judgement;
    }
    const v6 = headers.network === NETWORK.ip6;
    if (headers.network === NETWORK.ip4 || v6) {
      if (this.#isTunnel(headers, view, v6)) {
        judgement.kind = KIND.tunnel;
        return judgement;
      }
      judgement.family = v6 ? FAMILY.v6 : FAMILY.v4;
      judgement.source = this.#sourceKind(headers, view, v6);
    } else {
      judgement.family = familyOf(headers.network);
      judgement.source = SOURCE.other;
    }
    const housekeeping = this.#housekeeping(headers, view, v6);
    if (housekeeping !== UNDECIDED) {
      judgement.kind = KIND.housekeeping;
      judgement.code = housekeeping;
    } else if (this.#isCanary(headers, view, v6)) {
      judgement.kind = KIND.canary;
    } else {
      judgement.kind = KIND.clear;
      judgement.code = this.#clearClass(headers, view, v6);
    }
    return judgement;
  }

  /** The class a flow came to have by the end of the capture. */
  classOfFlow(flow: number): number {
    const code = this.#flows.classOf(flow);
    return code === UNDECIDED ? CLASS.other : code;
  }

  /** A later fragment has no ports: UDP to an endpoint's address is then taken for the tunnel's. */
  #isTunnel(headers: Headers, view: DataView, v6: boolean): boolean {
    if (headers.protocol !== PROTOCOL.udp) return false;
    return headers.fragment === FRAGMENT.later
      ? this.#endpoints.hasAddress(view, headers.destinationAt, v6)
      : this.#endpoints.has(view, headers.destinationAt, v6, headers.destinationPort);
  }

  #sourceKind(headers: Headers, view: DataView, v6: boolean): number {
    if (has(this.#real, view, headers.sourceAt, v6)) return SOURCE.real;
    if (has(this.#tunnel, view, headers.sourceAt, v6)) return SOURCE.tunnel;
    // A link-local address (fe80::/10) is the client's own on this very link.
    if (v6 && view.getUint16(headers.sourceAt) >> 6 === 0xfe80 >> 6) return SOURCE.real;
    return SOURCE.other;
  }

  #housekeeping(headers: Headers, view: DataView, v6: boolean): number {
    if (headers.network === NETWORK.arp) return HOUSEKEEPING.arp;
    switch (headers.protocol) {
      case PROTOCOL.udp:
        return isDhcp(headers, view, v6) ? HOUSEKEEPING.dhcp : UNDECIDED;
      case PROTOCOL.igmp:
        return isIgmp(headers, view, v6) ? HOUSEKEEPING.igmp : UNDECIDED;
      case PROTOCOL.icmp:
        return !v6 &&
          isIcmpError(icmpType(headers, view)) &&
          this.#endpoints.hasAddress(view, headers.destinationAt, false)
          ? HOUSEKEEPING.tunnelIcmp
          : UNDECIDED;
      case PROTOCOL.icmp6: {
        if (!v6) return UNDECIDED;
        const type = icmpType(headers, view);
        if (isNdp(headers, view, type)) return HOUSEKEEPING.ndp;
        if (isMld(headers, view, type)) return HOUSEKEEPING.mld;
        return type >= 1 && type <= 4 && this.#endpoints.hasAddress(view, headers.destinationAt, true)
          ? HOUSEKEEPING.tunnelIcmp
          : UNDECIDED;
      }
      default:
        return UNDECIDED;
    }
  }

  #isCanary(headers: Headers, view: DataView, v6: boolean): boolean {
    if (headers.protocol !== PROTOCOL.udp) return false;
    if (startsWith(view, headers.payloadAt, headers.end, CANARY)) return true;
    return headers.destinationPort === CANARY_PORT && has(this.#canary, view, headers.destinationAt, v6);
  }

  #clearClass(headers: Headers, view: DataView, v6: boolean): number {
    if (headers.protocol === PROTOCOL.icmp || headers.protocol === PROTOCOL.icmp6) return CLASS.icmp;
    if (headers.protocol !== PROTOCOL.tcp && headers.protocol !== PROTOCOL.udp) return CLASS.other;
    const { sourceAt, destinationAt, sourcePort, destinationPort } = headers;
    const code = this.#flowClass(headers, view, v6, sourceAt, destinationAt, sourcePort, destinationPort);
    return code === UNDECIDED ? CLASS.other : code;
  }

  #learnFromIncoming(headers: Headers, view: DataView): void {
    const v6 = headers.network === NETWORK.ip6;
    if (!v6 && headers.network !== NETWORK.ip4) return;
    if (headers.protocol !== PROTOCOL.tcp && headers.protocol !== PROTOCOL.udp) return;
    if (this.#endpoints.has(view, headers.sourceAt, v6, headers.sourcePort)) return;
    const { sourceAt, destinationAt, sourcePort, destinationPort } = headers;
    this.#flowClass(headers, view, v6, destinationAt, sourceAt, destinationPort, sourcePort);
  }

  /** The class of a TCP or UDP packet, seen from the client (local) whichever way it goes; remembers what it learns. */
  #flowClass(
    headers: Headers,
    view: DataView,
    v6: boolean,
    localAt: number,
    remoteAt: number,
    localPort: number,
    remotePort: number,
  ): number {
    const { protocol, fragment } = headers;
    if (fragment === FRAGMENT.later) {
      const pieces = this.#flows.find(protocol | FRAGMENT_FLOW, headers.fragmentId, view, localAt, remoteAt, v6);
      return this.#rememberedClass(pieces, view, remoteAt, v6, -1, protocol);
    }
    if (localPort < 0) return this.#swarm.classOf(view, remoteAt, v6, -1, protocol);
    const ports = ((localPort << 16) | remotePort) >>> 0;
    const flow = this.#flows.find(protocol, ports, view, localAt, remoteAt, v6);
    const bytes =
      protocol === PROTOCOL.udp
        ? this.#udpClass(headers, view, flow, remotePort)
        : this.#tcpClass(headers, view, flow, remotePort);
    let code = bytes;
    if (bytes === UNDECIDED) {
      code = this.#rememberedClass(flow, view, remoteAt, v6, remotePort, protocol);
      if (code === UNDECIDED) this.#judgement.openFlow = flow;
    } else {
      this.#flows.learn(flow, bytes, true);
    }
    if (fragment === FRAGMENT.first && code !== UNDECIDED) {
      const pieces = this.#flows.find(protocol | FRAGMENT_FLOW, headers.fragmentId, view, localAt, remoteAt, v6);
      this.#flows.learn(pieces, code, true);
    }
    return code;
  }

  /** One UDP port often carries DHT and uTP both, so every datagram's bytes are asked. */
  #udpClass(headers: Headers, view: DataView, flow: number, remotePort: number): number {
    const { payloadAt, end, payloadBytes } = headers;
    const sure = udpPayloadClass(view, payloadAt, end, payloadBytes);
    if (sure !== UNDECIDED) return sure;
    const byPort = udpPortClass(remotePort);
    if (byPort !== UNDECIDED) return byPort;
    const known = this.#flows.isProven(flow) ? this.#flows.classOf(flow) : UNDECIDED;
    if (known !== UNDECIDED && known !== CLASS.dht && known !== CLASS.peerUtp) return known;
    return looksLikeUtp(view, payloadAt, end, payloadBytes) ? CLASS.peerUtp : known;
  }

  #tcpClass(headers: Headers, view: DataView, flow: number, remotePort: number): number {
    if (this.#flows.isProven(flow)) return this.#flows.classOf(flow);
    if (remotePort === PORT.dns) return CLASS.dns;
    return tcpPayloadClass(view, headers.payloadAt, headers.end);
  }

  #rememberedClass(
    flow: number,
    view: DataView,
    remoteAt: number,
    v6: boolean,
    remotePort: number,
    protocol: number,
  ): number {
    const known = this.#flows.classOf(flow);
    if (known !== UNDECIDED || (flow !== NO_FLOW && !this.#flows.isNew)) return known;
    const code = this.#swarm.classOf(view, remoteAt, v6, remotePort, protocol);
    if (code !== UNDECIDED) this.#flows.learn(flow, code, false);
    return code;
  }
}

function has(set: AddressSet, view: DataView, at: number, v6: boolean): boolean {
  return v6 ? set.has6(view, at) : set.has4(view, at);
}

function familyOf(network: number): number {
  if (network === NETWORK.unreadable4) return FAMILY.v4;
  return network === NETWORK.unreadable6 ? FAMILY.v6 : FAMILY.nonIp;
}

/** The ICMP or ICMPv6 type; -1 when it was not captured or a later fragment does not have it. */
function icmpType(headers: Headers, view: DataView): number {
  return headers.fragment !== FRAGMENT.later && headers.end > headers.transportAt
    ? view.getUint8(headers.transportAt)
    : -1;
}

/** Destination unreachable, time exceeded, parameter problem (RFC 792). */
function isIcmpError(type: number): boolean {
  return type === 3 || type === 11 || type === 12;
}

function udpPortClass(remotePort: number): number {
  switch (remotePort) {
    case PORT.dns:
      return CLASS.dns;
    case PORT.natPmp:
      return CLASS.natPmp;
    case PORT.ssdp:
      return CLASS.ssdp;
    case PORT.lsd:
      return CLASS.lsd;
    default:
      return UNDECIDED;
  }
}
