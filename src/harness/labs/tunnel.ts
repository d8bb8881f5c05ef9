/**
 * The WireGuard tunnel of a lab: server end on `vpn`, client end brought up by the real wg-quick. Shared by both
 * backends. Where the kernel has no WireGuard, wireguard-go stands in, as wg-quick itself does it.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { Bracket, Clock } from '../../contracts/clock.ts';
import type { Host } from '../../contracts/host.ts';
import type { Tunnel, TunnelConfig } from '../../contracts/lab.ts';
import { Unsupported } from '../../contracts/errors.ts';
import {
  SERVER_DEVICE,
  TUNNEL_MTU,
  USERSPACE_ENV,
  addWireGuardDevice,
  type TunnelKind,
} from '../../programs/wireguard.ts';
import { ADDRESS, ENDPOINT_PORT } from '../../contracts/addresses.ts';
import { FWMARK, TUNNEL_DEVICE } from './topology.ts';

interface KeyPair {
  readonly secret: string;
  readonly public: string;
}

const jwkSchema = z.object({ x: z.string(), d: z.string().optional() });

/** A Curve25519 key pair in the base64 of wg(8). */
function wireGuardKeys(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const raw = (key: KeyObject, part: 'x' | 'd'): string =>
    Buffer.from(jwkSchema.parse(key.export({ format: 'jwk' }))[part] ?? '', 'base64url').toString('base64');
  return { secret: raw(privateKey, 'd'), public: raw(publicKey, 'x') };
}

/** What `wg-quick` needs to know beside `wg`: everything below can be asked of both backends' hosts. */
export interface TunnelParts {
  readonly client: Host;
  readonly vpn: Host;
  readonly clock: Clock;
  /** Process ids on the client of the userspace daemon for the device. */
  readonly daemonPids: () => Promise<readonly number[]>;
  /** Device of the server's end; `SERVER_DEVICE` where absent. */
  readonly serverDevice?: string;
  /** Application that brings the client's end up and down instead of the lab's wg-quick. */
  readonly other?: OtherEnd;
}

/** VPN application on the client host other than wg-quick, told what a provider would tell it. */
interface OtherEnd {
  readonly device: string;
  up(handover: Handover): Promise<void>;
  down(): Promise<void>;
}

export interface Handover {
  readonly KSL_WIREGUARD_CONFIG: string;
  readonly KSL_WIREGUARD_PRIVATE_KEY: string;
  readonly KSL_WIREGUARD_PUBLIC_KEY: string;
  readonly KSL_WIREGUARD_ADDRESSES: string;
  readonly KSL_WIREGUARD_ENDPOINT_IP: string;
  readonly KSL_WIREGUARD_ENDPOINT_PORT: string;
}

/** The client's end, ready for `up()`, and the server's end, already up. */
export async function openTunnel(parts: TunnelParts): Promise<{ tunnel: Tunnel; kind: TunnelKind }> {
  const keys = { client: wireGuardKeys(), server: wireGuardKeys() };
  const kind = await openServer(parts.vpn, parts.serverDevice ?? SERVER_DEVICE, keys);
  return { tunnel: new WgQuickTunnel(parts, keys), kind };
}

async function openServer(vpn: Host, device: string, keys: { client: KeyPair; server: KeyPair }): Promise<TunnelKind> {
  const kind = await addWireGuardDevice(vpn, device);
  const settings = [
    '[Interface]',
    `PrivateKey = ${keys.server.secret}`,
    `ListenPort = ${ENDPOINT_PORT}`,
    '[Peer]',
    `PublicKey = ${keys.client.public}`,
    `AllowedIPs = ${ADDRESS.tunnelClient.v4}/32, ${ADDRESS.tunnelClient.v6}/128`,
  ];
  await vpn.run(['wg', 'setconf', device, await settingsFile(vpn, 'server.conf', settings)]);
  const batch = [
    `addr add ${ADDRESS.tunnelServer.v4}/24 dev ${device}`,
    `addr add ${ADDRESS.tunnelServer.v6}/64 dev ${device} nodad`,
    `link set ${device} mtu ${TUNNEL_MTU} up`,
  ];
  await vpn.run(['ip', '-batch', '-'], { input: batch.join('\n') + '\n' });
  return kind;
}

/** wg reads its settings by file name, and a pipe of Node.js is a socket that cannot be opened by one. */
async function settingsFile(host: Host, name: string, lines: readonly string[]): Promise<string> {
  const file = path.join(host.folder, name);
  await writeFile(file, lines.join('\n') + '\n', { mode: 0o600 });
  return file;
}

const ruleListSchema = z.array(
  z.looseObject({ table: z.string().optional(), suppress_prefixlen: z.number().optional() }),
);

class WgQuickTunnel implements Tunnel {
  readonly device: string;
  readonly fwmark = FWMARK;
  readonly config: TunnelConfig = {
    address4: ADDRESS.tunnelClient.v4,
    address6: ADDRESS.tunnelClient.v6,
    dns: ADDRESS.tunnelServer.v4,
    endpoint: { address: ADDRESS.vpn.v4, port: ENDPOINT_PORT },
    gateway4: ADDRESS.tunnelServer.v4,
  };
  readonly #parts: TunnelParts;
  readonly #peer: readonly string[];
  readonly #keys: { client: KeyPair; server: KeyPair };
  readonly #hooks: string[] = [];

  constructor(parts: TunnelParts, keys: { client: KeyPair; server: KeyPair }) {
    this.#parts = parts;
    this.device = parts.other?.device ?? TUNNEL_DEVICE;
    this.#keys = keys;
    this.#peer = [
      '[Peer]',
      `PublicKey = ${keys.server.public}`,
      'AllowedIPs = 0.0.0.0/0, ::/0',
      `Endpoint = ${this.config.endpoint.address}:${this.config.endpoint.port}`,
      // What VPN providers put into their files: keeps the NAT's mapping open and makes handshakes on a quiet link.
      'PersistentKeepalive = 25',
    ];
  }

  get #file(): string {
    return path.join(this.#parts.client.folder, `${this.device}.conf`);
  }

  addHook(line: string): () => void {
    this.#hooks.push(line);
    return () => void this.#hooks.splice(this.#hooks.indexOf(line), 1);
  }

  daemonPids(): Promise<readonly number[]> {
    return this.#parts.daemonPids();
  }

  async up(): Promise<Bracket> {
    const file = [
      '[Interface]',
      `PrivateKey = ${this.#keys.client.secret}`,
      `Address = ${this.config.address4}/32, ${this.config.address6}/128`,
      `DNS = ${this.config.dns}`,
      ...this.#hooks,
      ...this.#peer,
    ];
    await settingsFile(this.#parts.client, `${this.device}.conf`, file);
    const { other, clock } = this.#parts;
    return other === undefined ? this.#wgQuick('up') : clock.bracket(() => other.up(this.#handover()));
  }

  down(): Promise<Bracket> {
    const { other, clock } = this.#parts;
    return other === undefined ? this.#wgQuick('down') : clock.bracket(() => other.down());
  }

  settings(): Promise<string> {
    if (this.#parts.other !== undefined) {
      throw new Unsupported('this tunnel’s device is made by another VPN application: take the lab’s own.');
    }
    if (this.#hooks.length > 0) {
      throw new Unsupported(
        `the lines ${this.#hooks.join('; ')} need wg-quick, and another kill switch makes the device.`,
      );
    }
    const file = ['[Interface]', `PrivateKey = ${this.#keys.client.secret}`, ...this.#peer];
    return settingsFile(this.#parts.client, 'setconf.conf', file);
  }

  #handover(): Handover {
    const { address4, address6, endpoint } = this.config;
    return {
      KSL_WIREGUARD_CONFIG: this.#file,
      KSL_WIREGUARD_PRIVATE_KEY: this.#keys.client.secret,
      KSL_WIREGUARD_PUBLIC_KEY: this.#keys.server.public,
      KSL_WIREGUARD_ADDRESSES: `${address4}/32,${address6}/128`,
      KSL_WIREGUARD_ENDPOINT_IP: endpoint.address,
      KSL_WIREGUARD_ENDPOINT_PORT: String(endpoint.port),
    };
  }

  #wgQuick(verb: 'up' | 'down'): Promise<Bracket> {
    return this.#parts.clock.bracket(async () => {
      await this.#parts.client.run(['wg-quick', verb, this.#file], { env: USERSPACE_ENV });
    });
  }

  restore(): Promise<Bracket> {
    return this.#parts.clock.bracket(async () => {
      const { client } = this.#parts;
      const answers = await client.run(['wg', 'show', this.device, 'listen-port'], { anyStatus: true });
      if (answers.status.code !== 0) {
        // A killed daemon's device goes some milliseconds after it.
        await client.run(['ip', 'link', 'del', 'dev', this.device], { anyStatus: true });
        await addWireGuardDevice(client, this.device);
      }
      const settings = [
        '[Interface]',
        `PrivateKey = ${this.#keys.client.secret}`,
        `FwMark = ${this.fwmark}`,
        ...this.#peer,
      ];
      await client.run(['wg', 'syncconf', this.device, await settingsFile(client, 'restore.conf', settings)]);
      const batch = [
        `addr replace ${this.config.address4}/32 dev ${this.device}`,
        `addr replace ${this.config.address6}/128 dev ${this.device} nodad`,
        `link set ${this.device} mtu ${TUNNEL_MTU} up`,
        `route replace 0.0.0.0/0 dev ${this.device} table ${this.fwmark}`,
        `route replace ::/0 dev ${this.device} table ${this.fwmark}`,
      ];
      await client.run(['ip', '-batch', '-'], { input: batch.join('\n') + '\n' });
      await this.#restoreRules('-4');
      await this.#restoreRules('-6');
    });
  }

  async #restoreRules(family: '-4' | '-6'): Promise<void> {
    const { client } = this.#parts;
    const listed = await client.run(['ip', '-json', family, 'rule', 'show']);
    const present = ruleListSchema.parse(JSON.parse(listed.stdout));
    const table = String(this.fwmark);
    if (!present.some((rule) => rule.table === table)) {
      await client.run(['ip', family, 'rule', 'add', 'not', 'fwmark', table, 'table', table]);
    }
    if (!present.some((rule) => rule.suppress_prefixlen === 0)) {
      await client.run(['ip', family, 'rule', 'add', 'table', 'main', 'suppress_prefixlength', '0']);
    }
  }
}
