/**
 * A sender of raw Ethernet frames that is started before anything is blocked: socat keeps a packet socket open on the
 * device, and a packet socket sends beneath every rule of the output hook. With it a canary can leave a client whose
 * firewall lets nothing out, and prove that the witnesses on the uplink still see.
 *
 * One write is one frame: socat tells of every block once it has passed it on (its option -v would tell before), and the
 * next frame waits for that.
 */
import { isIPv6 } from 'node:net';
import type { Bracket, Clock } from '../contracts/clock.ts';
import type { Host, Need } from '../contracts/host.ts';
import { addressBytes } from './swarm/compact.ts';

export const RAW_FRAME_NEEDS: readonly Need[] = [{ command: 'socat', package: 'socat' }];

export interface RawFrameSender {
  /** Sends one frame, from the Ethernet header on; resolves when the process has handed it to the device. */
  send(frame: Uint8Array, clock: Clock): Promise<Bracket>;
  stop(): Promise<void>;
}

/** Opens the device; resolves when frames can be sent. */
export async function startRawFrameSender(host: Host, device: string): Promise<RawFrameSender> {
  const process = await host.spawn(['socat', '-d', '-d', '-d', '-u', 'STDIN', `INTERFACE:${device}`]);
  let said = '';
  let onSaid = (): void => undefined;
  const ended = process.exited.then(({ code, signal }) => {
    throw new Error(`socat on ${device} of ${host.name} ended (${code ?? signal}): ${said.trim()}`);
  });
  ended.catch(() => undefined); // Told to whoever waits for a word of socat's, below.
  process.stderr.setEncoding('latin1').on('data', (text: string) => {
    said = (said + text).slice(-4000);
    onSaid();
  });
  const heard = (words: string): Promise<void> =>
    Promise.race([
      ended,
      new Promise<void>((resolve) => {
        onSaid = () => {
          if (said.includes(words)) resolve();
        };
        onSaid();
      }),
    ]);
  await heard('starting data transfer loop');

  let previous = Promise.resolve();
  return {
    send: (frame, clock) => {
      const sent = previous.then(() =>
        clock.bracket(async () => {
          said = '';
          process.stdin.write(frame);
          await heard(` transferred ${frame.length} bytes `);
        }),
      );
      previous = sent.then(
        () => undefined,
        () => undefined,
      );
      return sent;
    },
    async stop() {
      process.signal('SIGTERM');
      await process.exited;
    },
  };
}

export interface IpFrame {
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** Addresses of one family, which is the frame's. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** Bytes after the IP header. */
  readonly payload: Uint8Array;
}

export interface UdpFrame {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
  readonly payload: Uint8Array;
}

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;
const TTL = 64;

/** An Ethernet frame of any type. */
export function ethernetFrame(sourceMac: string, destinationMac: string, type: number, payload: Uint8Array): Buffer {
  const header = Buffer.from([...macBytes(destinationMac), ...macBytes(sourceMac), 0, 0]);
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, payload]);
}

/** An Ethernet frame with an IPv4 or IPv6 packet. */
export function ipFrame({ sourceMac, destinationMac, source, destination, protocol, payload }: IpFrame): Buffer {
  const v6 = isIPv6(source);
  if (v6 !== isIPv6(destination)) throw new RangeError(`${source} and ${destination} are not of one family.`);
  const header = v6 ? Buffer.alloc(40) : Buffer.alloc(20);
  if (v6) {
    header.writeUInt8(0x60, 0);
    header.writeUInt16BE(payload.length, 4);
    header.writeUInt8(protocol, 6);
    header.writeUInt8(TTL, 7);
    header.set(addressBytes(source), 8);
    header.set(addressBytes(destination), 24);
  } else {
    header.writeUInt8(0x45, 0);
    header.writeUInt16BE(20 + payload.length, 2);
    header.writeUInt8(TTL, 8);
    header.writeUInt8(protocol, 9);
    header.set(addressBytes(source), 12);
    header.set(addressBytes(destination), 16);
    header.writeUInt16BE(checksum(header), 10);
  }
  const type = v6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4;
  return ethernetFrame(sourceMac, destinationMac, type, Buffer.concat([header, payload]));
}

/** An Ethernet frame with a UDP datagram, checksum included. */
export function udpFrame({ sourceMac, destinationMac, source, destination, payload }: UdpFrame): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(8), payload]);
  datagram.writeUInt16BE(source.port, 0);
  datagram.writeUInt16BE(destination.port, 2);
  datagram.writeUInt16BE(datagram.length, 4);
  const ends = { source: source.address, destination: destination.address };
  // A sum of zero is sent as its other form: zero itself means that there is none.
  datagram.writeUInt16BE(transportChecksum(ends, PROTOCOL.udp, datagram) || 0xffff, 6);
  return ipFrame({ sourceMac, destinationMac, ...ends, protocol: PROTOCOL.udp, payload: datagram });
}

/** RFC 1071 over the pseudo header (RFC 768, RFC 8200 section 8.1) and what follows the IP header. */
export function transportChecksum(
  ends: { readonly source: string; readonly destination: string },
  protocol: number,
  segment: Uint8Array,
): number {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(segment.length);
  const pseudo = [...addressBytes(ends.source), ...addressBytes(ends.destination), ...length, 0, 0, 0, protocol];
  return checksum(Buffer.from([...pseudo, ...segment, ...(segment.length % 2 === 0 ? [] : [0])]));
}

function macBytes(mac: string): number[] {
  return mac.split(':').map((part) => Number.parseInt(part, 16));
}

/** RFC 1071, of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
