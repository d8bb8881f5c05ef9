/**
 * A second VPN server of the same provider: another address, another key, and behind it the same networks and the same
 * inner address for the client, as with providers that give a device one address on all servers. It runs on the lab's one
 * VPN host, so that what a client had opened goes on: a real second server would show the world another exit address.
 *
 * Another key, and not the same at another address: with the same key WireGuard roams, and the first datagram that the
 * server still sends from its first address takes the client back to it.
 */
import { randomBytes } from 'node:crypto';
import { SECOND_SERVER } from '../contracts/addresses.ts';
import type { Host } from '../contracts/host.ts';
import type { Lab } from '../contracts/lab.ts';
import { SERVER_DEVICE, TUNNEL_MTU, addWireGuardDevice } from '../programs/wireguard.ts';
import { tunnelHost } from './places.ts';
import { needWireGuard, setWireGuard, wireGuardSettings } from './wireguard-settings.ts';

const DEVICE = 'wgs1';
/** Mark, and number of the routing table, of connections that came in last over the second server's device. */
const MARK = 1;
const TABLE = 'inet second_server';

/** What comes in over one of the two devices is answered over it. */
const RULES = `table ${TABLE} {
  chain incoming {
    type filter hook prerouting priority mangle;
    iifname "${SERVER_DEVICE}" ct mark set 0
    iifname "${DEVICE}" ct mark set ${MARK}
    meta mark set ct mark
  }
  chain own { type route hook output priority mangle; meta mark set ct mark; }
}`;

export interface SecondServer {
  /** The host of the client's device, and that device. */
  readonly host: Host;
  readonly device: string;
  /** The device's settings with the first server as its peer, and with the second. */
  readonly first: string;
  readonly second: string;
  readonly close: () => Promise<void>;
}

/** Sets it up on the VPN host, for the lab's client. Throws `Unsupported` where the tunnel is not WireGuard. */
export async function openSecondServer(lab: Lab): Promise<SecondServer> {
  needWireGuard(lab);
  const host = tunnelHost(lab);
  const { vpn } = lab.hosts;
  const { device, config } = lab.tunnel;
  const before = await wireGuardSettings(host, device);
  const { address4, address6 } = config;
  const { address, port } = SECOND_SERVER;
  const clientKey = (await host.run(['wg', 'show', device, 'public-key'])).stdout.trim();
  // Any 32 bytes will do: WireGuard clamps them itself.
  const privateKey = randomBytes(32).toString('base64');
  const publicKey = (await vpn.run(['wg', 'pubkey'], { input: privateKey })).stdout.trim();
  await addWireGuardDevice(vpn, DEVICE);
  const settings = [
    ...['[Interface]', `PrivateKey = ${privateKey}`, `ListenPort = ${port}`],
    ...['[Peer]', `PublicKey = ${clientKey}`, `AllowedIPs = ${address4}/32, ${address6}/128`],
  ];
  await setWireGuard(vpn, DEVICE, `${settings.join('\n')}\n`);
  await batch(vpn, '-4', [
    `address add ${address}/32 dev eth0`,
    `link set ${DEVICE} mtu ${TUNNEL_MTU} up`,
    `rule add fwmark ${MARK} table ${MARK}`,
    `route add ${address4}/32 dev ${DEVICE} table ${MARK}`,
  ]);
  await batch(vpn, '-6', [
    `rule add fwmark ${MARK} table ${MARK}`,
    `route add ${address6}/128 dev ${DEVICE} table ${MARK}`,
  ]);
  await vpn.run(['nft', '-f', '-'], { input: RULES });
  const peer = [
    '[Peer]',
    `PublicKey = ${publicKey}`,
    'AllowedIPs = 0.0.0.0/0, ::/0',
    `Endpoint = ${address}:${port}`,
    'PersistentKeepalive = 25',
    '',
  ].join('\n');
  return {
    host,
    device,
    first: before.text,
    second: before.device + peer,
    async close() {
      await vpn.run(['nft', 'delete', 'table', ...TABLE.split(' ')]);
      await batch(vpn, '-6', [`rule del fwmark ${MARK} table ${MARK}`]);
      await batch(vpn, '-4', [
        `rule del fwmark ${MARK} table ${MARK}`,
        `address del ${address}/32 dev eth0`,
        `link del ${DEVICE}`,
      ]);
    },
  };
}

async function batch(host: Host, family: '-4' | '-6', lines: readonly string[]): Promise<void> {
  await host.run(['ip', family, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}
