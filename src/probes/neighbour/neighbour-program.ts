/**
 * The neighbour on the client's LAN: `node neighbour.js CONFIG-AS-JSON`. It joins the multicast groups torrent clients
 * talk to and prints one JSON line for each datagram it hears; on `{"command":"canary","nonce":...}` it sends a canary
 * to every instrument of the swarm, through the home router. It ends on `{"command":"stop"}` and when its standard
 * input closes; run without a configuration, it waits for one (src/programs/waiting.ts).
 *
 * It hears what any other machine on the LAN hears: multicast of these groups, no unicast to the router (NAT-PMP, UPnP
 * control), nothing on other groups. The capture on the uplink sees those.
 */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { setMaxListeners } from 'node:events';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Clock } from '../../contracts/clock.ts';
import type { InstrumentEvent } from '../../records/timeline.ts';
import { serve, type Serving } from '../../programs/waiting.ts';
import { sendCanaries } from './canaries.ts';
import { neighbourCommandSchema, neighbourConfigSchema } from './neighbour-config.ts';

type Multicast = Extract<InstrumentEvent, { kind: 'neighbour-multicast' }>;

interface Group {
  readonly protocol: Multicast['protocol'];
  readonly address: string;
  readonly port: number;
}

const GROUPS: readonly Group[] = [
  // BEP 14.
  { protocol: 'lsd', address: '239.192.152.143', port: 6771 },
  { protocol: 'lsd', address: 'ff15::efc0:988f', port: 6771 },
  // UPnP Device Architecture 2.0, annex A: link-local and site-local for IPv6.
  { protocol: 'ssdp', address: '239.255.255.250', port: 1900 },
  { protocol: 'ssdp', address: 'ff02::c', port: 1900 },
  { protocol: 'ssdp', address: 'ff05::c', port: 1900 },
  // RFC 6762.
  { protocol: 'mdns', address: '224.0.0.251', port: 5353 },
  { protocol: 'mdns', address: 'ff02::fb', port: 5353 },
];
const TEXT_BYTES = 512;

/** Joins a group on the device, until `signal`; resolves when its datagrams would be heard. */
function join(
  { address, port }: Group,
  device: string,
  signal: AbortSignal,
  onMessage: (message: Buffer, remote: RemoteInfo) => void,
): Promise<void> {
  const v6 = isIPv6(address);
  const socket = createSocket({ type: v6 ? 'udp6' : 'udp4', reuseAddr: true, ipv6Only: v6, signal });
  socket.on('message', onMessage);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    // Bound to the group itself, the socket hears that group and nothing else of the port.
    socket.bind(port, v6 ? `${address}%${device}` : address, () => {
      try {
        socket.addMembership(address, v6 ? `::%${device}` : address4Of(device));
        resolve();
      } catch (error) {
        reject(new Error(`cannot join ${address} on ${device}`, { cause: error }));
      }
    });
  });
}

function address4Of(device: string): string {
  const addresses = networkInterfaces()[device] ?? [];
  const found = addresses.find(({ family }) => family === 'IPv4');
  if (found === undefined) {
    throw new Error(`device ${device} has no IPv4 address (devices: ${Object.keys(networkInterfaces()).join(', ')})`);
  }
  return found.address;
}

async function start(job: string, print: (line: object) => void): Promise<Serving> {
  const config = neighbourConfigSchema.parse(JSON.parse(job));
  const clock = new Clock(BigInt(config.originUnixNs));
  const over = new AbortController();
  setMaxListeners(0, over.signal); // one for each socket
  const hear = (group: Group): Promise<void> =>
    join(group, config.device, over.signal, (message, remote) => {
      print({
        kind: 'neighbour-multicast',
        atNs: clock.nowNs(),
        party: config.id,
        protocol: group.protocol,
        // Link-local addresses come with the device they were heard on, which is always the same one.
        sourceAddress: remote.address.split('%')[0] ?? remote.address,
        sourcePort: remote.port,
        text: message.toString('latin1', 0, TEXT_BYTES),
      } satisfies Multicast);
    });
  await Promise.all(GROUPS.map(hear));
  print({ ready: true });
  return {
    onLine: (line) => sendCanaries(config, neighbourCommandSchema.parse(JSON.parse(line)).nonce, over.signal),
    stop: () => over.abort(),
  };
}

await serve(start);
