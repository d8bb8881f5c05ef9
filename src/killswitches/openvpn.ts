/**
 * An OpenVPN tunnel in the place of the lab's WireGuard tunnel, for the kill switches that are OpenVPN's own. The real
 * openvpn at both ends, on the same server address and port and with the same inner addresses, so that everybody else
 * sees the same tunnel; the server's WireGuard device is taken down for it.
 *
 * Simplified: one client with a static key, where providers use certificates; what happens when the tunnel fails does not
 * depend on how its ends know each other.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ADDRESS } from '../contracts/addresses.ts';
import type { Host, Need, RunningProcess } from '../contracts/host.ts';
import type { SwitchContext } from '../contracts/kill-switch.ts';
import type { Tunnel } from '../contracts/lab.ts';
import { describeExit } from '../contracts/errors.ts';
import { within } from '../contracts/until.ts';
import { eachLine } from '../programs/lines.ts';
import { SERVER_DEVICE } from '../programs/wireguard.ts';
import { attempt, command, runSteps } from './steps.ts';

export const OPENVPN_NEEDS: readonly Need[] = [{ command: 'openvpn', package: 'openvpn' }];

const DEVICE = 'tun0';
const GATEWAY6 = ADDRESS.tunnelServer.v6;
/** OpenVPN no longer has a default cipher for static keys. */
const CRYPTO = ['--cipher', 'AES-256-CBC', '--auth', 'SHA256'];
/** Milliseconds that either end may take until its log says that it is up: on a quiet machine it takes a tenth of a second. */
const START_PATIENCE_MS = 30_000;
/** Lines of the log that are quoted. */
const QUOTED_LINES = 5;
/** redirect-gateway def1: two halves that win over the default route without replacing it. */
const HALVES = ['0.0.0.0/1', '128.0.0.0/1'];

export interface OpenVpnOptions {
  /** Options beside those that make the tunnel. */
  readonly options: readonly string[];
  /** Whether the tunnel carries IPv6 besides IPv4. */
  readonly v6: boolean;
  readonly onExit?: (pid: number) => void;
}

export class OpenVpnTunnel implements Tunnel {
  readonly device = DEVICE;
  readonly fwmark: number;
  readonly config: Tunnel['config'];
  readonly defaultRoutes: readonly string[];
  readonly #context: SwitchContext;
  readonly #vpn: Host;
  readonly #options: OpenVpnOptions;
  #server: RunningProcess | null = null;
  #client: RunningProcess | null = null;

  constructor(context: SwitchContext, options: OpenVpnOptions) {
    if (context.vpn === undefined) throw new Error('an OpenVPN tunnel needs the VPN server’s host');
    this.#context = context;
    this.#vpn = context.vpn;
    this.#options = options;
    this.fwmark = context.tunnel.fwmark;
    this.config = context.tunnel.config;
    this.defaultRoutes = [...HALVES, ...(options.v6 ? ['::/3', '2000::/4', '3000::/4', 'fc00::/7'] : [])].map(
      (prefix) => `${prefix} dev ${DEVICE}`,
    );
  }

  addHook(): never {
    throw new Error('OpenVPN has no hooks of wg-quick');
  }

  daemonPids(): Promise<readonly number[]> {
    return Promise.resolve(this.#client === null ? [] : [this.#client.pid]);
  }

  async up() {
    return this.#context.clock.bracket(async () => {
      await this.#startServer();
      await this.#startClient();
      await this.#resolver('up');
    });
  }

  async down() {
    return this.#context.clock.bracket(async () => {
      await end(this.#client);
      await end(this.#server);
      await this.#resolver('down');
      await runSteps(this.#vpn, [
        command(`ip link set ${SERVER_DEVICE} up`),
        command(`ip address replace ${GATEWAY6}/64 dev ${SERVER_DEVICE} nodad`),
        command(`wg set ${SERVER_DEVICE} listen-port ${this.config.endpoint.port}`),
      ]);
    });
  }

  /** Starts the client again where it has ended, and puts back what a fault took from its device. */
  async restore() {
    return this.#context.clock.bracket(async () => {
      const present = await this.#context.host.run(['ip', 'link', 'show', 'dev', DEVICE], { anyStatus: true });
      // Without its device it runs on, and is of no use.
      if (present.status.code !== 0) await end(this.#client);
      if (this.#client === null) return this.#startClient();
      const { address4, gateway4, address6 } = this.config;
      await runSteps(this.#context.host, [
        command(`ip link set ${DEVICE} up`),
        command(`ip address replace ${address4} peer ${gateway4} dev ${DEVICE}`),
        ...HALVES.map((half) => command(`ip route replace ${half} via ${gateway4} dev ${DEVICE}`)),
        ...(this.#options.v6 ? [command(`ip address replace ${address6}/64 dev ${DEVICE} nodad`)] : []),
        ...this.defaultRoutes.slice(HALVES.length).map((route) => attempt(`ip -6 route replace ${route}`)),
      ]);
    });
  }

  async #startServer(): Promise<void> {
    const { address, port } = this.config.endpoint;
    const key = path.join(this.#vpn.folder, 'openvpn.key');
    await this.#vpn.run(['openvpn', '--genkey', 'secret', key]);
    const secret = (await this.#vpn.run(['cat', key])).stdout;
    await writeFile(path.join(this.#context.host.folder, 'openvpn.key'), secret, { mode: 0o600 });
    await runSteps(this.#vpn, [
      command(`wg set ${SERVER_DEVICE} listen-port ${port + 1}`),
      command(`ip link set ${SERVER_DEVICE} down`),
    ]);
    const { gateway4, address4, address6 } = this.config;
    this.#server = await started(
      await this.#vpn.spawn([
        'openvpn',
        ...['--dev', DEVICE, '--proto', 'udp', '--local', address, '--lport', String(port), '--secret', key],
        ...['--ifconfig', gateway4, address4, '--float', ...CRYPTO],
        ...(this.#options.v6 ? ['--ifconfig-ipv6', `${GATEWAY6}/64`, address6] : []),
      ]),
      'UDPv4 link local',
      this.#context.signal,
    );
  }

  async #startClient(): Promise<void> {
    const { host } = this.#context;
    const { endpoint, address4, gateway4, address6 } = this.config;
    const process = await host.spawn([
      'openvpn',
      ...['--dev', DEVICE, '--proto', 'udp', '--remote', endpoint.address, String(endpoint.port), '--nobind'],
      ...['--secret', path.join(host.folder, 'openvpn.key'), '--ifconfig', address4, gateway4, ...CRYPTO],
      ...(this.#options.v6 ? ['--ifconfig-ipv6', `${address6}/64`, GATEWAY6] : []),
      ...['--redirect-gateway', 'def1', ...(this.#options.v6 ? ['ipv6'] : [])],
      ...this.#options.options,
    ]);
    this.#client = process;
    void process.exited.then(() => {
      if (this.#client === process) this.#client = null;
      this.#options.onExit?.(process.pid);
    });
    await started(process, 'Initialization Sequence Completed', this.#context.signal);
  }

  async #resolver(state: 'up' | 'down'): Promise<void> {
    const argv = state === 'up' ? (['-a', DEVICE, '-m', '0', '-x'] as const) : (['-d', DEVICE, '-f'] as const);
    const input = state === 'up' ? `nameserver ${this.config.dns}\n` : '';
    await this.#context.host.run(['resolvconf', ...argv], { input, anyStatus: true });
  }
}

/** Resolves when it says so in its log. Throws when it ends first or has not said so after `START_PATIENCE_MS`. */
async function started(
  process: RunningProcess,
  word: string,
  signal: AbortSignal | undefined,
): Promise<RunningProcess> {
  const log: string[] = [];
  const lastWords = (): string => log.slice(-QUOTED_LINES).join(' / ') || '(no message)';
  const said = new Promise<void>((resolve, reject) => {
    eachLine(process.stdout, (line) => {
      log.push(line);
      if (line.includes(word)) resolve();
    });
    void process.exited.then((status) =>
      reject(new Error(`openvpn ended with ${describeExit(status)}: ${lastWords()}`)),
    );
  });
  await within(said, {
    what: `openvpn to say «${word}»`,
    patienceMs: START_PATIENCE_MS,
    signal,
    detail: () => `its log ends: ${lastWords()}`,
  });
  return process;
}

/** Ends OpenVPN as a user stops it; it then takes its routes out itself. */
async function end(process: RunningProcess | null): Promise<void> {
  if (process === null) return;
  process.signal('SIGTERM');
  const patience = setTimeout(3000, 'late', { ref: false });
  if ((await Promise.race([process.exited, patience])) === 'late') process.signal('SIGKILL');
  await process.exited;
}
