/**
 * The two smallest members: a STUN server (RFC 8489: binding requests are answered with XOR-MAPPED-ADDRESS, nothing
 * else is) and the canary sink, which reports every canary datagram that reaches it and answers nothing.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { nonceIn } from '../canary.ts';
import { addressBytes } from './compact.ts';
import type { SwarmConfig } from './swarm-config.ts';
import type { SwarmContext, SwarmMember } from './context.ts';

export async function startStun(stun: NonNullable<SwarmConfig['stun']>, context: SwarmContext): Promise<SwarmMember> {
  const endpoints = stun.addresses.flatMap((address) => stun.ports.map((port) => ({ address, port })));
  const sockets = await Promise.all(
    endpoints.map(({ address, port }) =>
      listen(address, port, (message, remote, socket) => {
        const atNs = context.clock.nowNs();
        const answer = bindingResponse(message, remote);
        if (answer === null) return;
        const source = { sourceAddress: remote.address, sourcePort: remote.port };
        const nonce = nonceIn(message);
        if (nonce === null) context.report({ kind: 'stun-binding', atNs, party: stun.id, ...source });
        else context.report({ canary: 'stun', nonce, atNs, ...source });
        socket.send(answer, remote.port, remote.address);
      }),
    ),
  );
  return { stop: () => sockets.forEach((socket) => socket.close()) };
}

export async function startCanarySink(
  sink: NonNullable<SwarmConfig['canarySink']>,
  context: SwarmContext,
): Promise<SwarmMember> {
  const socket = await listen(sink.address, sink.port, (message, remote) => {
    const atNs = context.clock.nowNs();
    const nonce = nonceIn(message);
    if (nonce === null) return;
    context.report({ canary: 'sink', nonce, atNs, sourceAddress: remote.address, sourcePort: remote.port });
  });
  return { stop: () => socket.close() };
}

const BINDING_REQUEST = 0x0001;
const BINDING_RESPONSE = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const MAGIC_COOKIE = 0x2112a442;
const HEADER_BYTES = 20;

/** The answer to a binding request; null for anything else. */
export function bindingResponse(request: Buffer, from: { address: string; port: number }): Buffer | null {
  if (request.length < HEADER_BYTES || request.readUInt16BE(0) !== BINDING_REQUEST) return null;
  if (request.readUInt32BE(4) !== MAGIC_COOKIE) return null;
  const address = Buffer.from(addressBytes(from.address));
  // The address is XORed with the cookie and, past its four bytes, the transaction id: they follow each other.
  for (const index of address.keys())
    address.writeUInt8(address.readUInt8(index) ^ request.readUInt8(4 + index), index);
  const response = Buffer.alloc(HEADER_BYTES + 8);
  request.copy(response, 4, 4, HEADER_BYTES);
  response.writeUInt16BE(BINDING_RESPONSE, 0);
  response.writeUInt16BE(8 + address.length, 2);
  response.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  response.writeUInt16BE(4 + address.length, 22);
  response.writeUInt8(isIPv6(from.address) ? 2 : 1, 25);
  response.writeUInt16BE(from.port ^ (MAGIC_COOKIE >>> 16), 26);
  return Buffer.concat([response, address]);
}

function listen(
  address: string,
  port: number,
  onMessage: (message: Buffer, remote: RemoteInfo, socket: Socket) => void,
): Promise<Socket> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  socket.on('message', (message, remote) => onMessage(message, remote, socket));
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, () => resolve(socket));
  });
}
