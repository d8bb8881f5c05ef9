/**
 * A sender of raw Ethernet frames that is started before anything is blocked: socat keeps a packet socket open on the
 * device, and a packet socket sends beneath every rule of the output hook. With it a canary can leave a client whose
 * firewall lets nothing out, and prove that the witnesses on the uplink still see.
 *
 * One write is one frame: socat reports every block it passes on, and the next frame waits for that.
 */
import { isIPv6 } from 'node:net';
import type { Bracket, Clock } from '../harness/clock.ts';
import type { Host, Need } from '../harness/contracts.ts';

export const RAW_FRAME_NEEDS: readonly Need[] = [{ command: 'socat', package: 'socat' }];

export interface RawFrameSender {
  /** Sends one frame, from the Ethernet header on; resolves when the process has handed it to the device. */
  send(frame: Uint8Array, clock: Clock): Promise<Bracket>;
  stop(): Promise<void>;
}

/** Opens the device; resolves when frames can be sent. */
export async function startRawFrameSender(host: Host, device: string): Promise<RawFrameSender> {
  const process = await host.spawn(['socat', '-d', '-d', '-v', '-u', 'STDIN', `INTERFACE:${device}`]);
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
          await heard(` length=${frame.length} `);
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

export interface UdpFrame {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
  readonly payload: Uint8Array;
}

const ETHERTYPE_IPV4 = 0x0800;
const UDP = 17;
const TTL = 64;

/** An Ethernet frame with an IPv4 UDP datagram. The UDP checksum is left out, as IPv4 allows. */
export function udpFrame({ sourceMac, destinationMac, source, destination, payload }: UdpFrame): Buffer {
  if (isIPv6(source.address) || isIPv6(destination.address)) {
    throw new RangeError(`Raw canaries are IPv4: got ${source.address} to ${destination.address}.`);
  }
  const ethernet = Buffer.from([...macBytes(destinationMac), ...macBytes(sourceMac), 0, 0]);
  ethernet.writeUInt16BE(ETHERTYPE_IPV4, 12);
  const ip = Buffer.alloc(20);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(20 + 8 + payload.length, 2);
  ip.writeUInt8(TTL, 8);
  ip.writeUInt8(UDP, 9);
  ip.set(source.address.split('.').map(Number), 12);
  ip.set(destination.address.split('.').map(Number), 16);
  ip.writeUInt16BE(checksum(ip), 10);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(source.port, 0);
  udp.writeUInt16BE(destination.port, 2);
  udp.writeUInt16BE(8 + payload.length, 4);
  return Buffer.concat([ethernet, ip, udp, payload]);
}

function macBytes(mac: string): number[] {
  return mac.split(':').map((part) => Number.parseInt(part, 16));
}

/** RFC 1071. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
