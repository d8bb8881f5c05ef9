/**
 * firewalld as users set it up for a VPN: a policy drops what the host sends, but for what goes to the VPN server; one
 * that comes before it accepts what leaves through the tunnel's zone; devices in no zone fall to the zone `drop`. The real
 * daemon, on a message bus of its own. Its framework comes with it: what belongs to a known connection is accepted, and
 * its reload (`update`) has everything new dropped while it takes the rules down and puts them up again. Nobody starts it
 * again when it dies (its unit has no Restart=); its rules then stay, and its next start puts them up a second time beside
 * the first. A clean stop takes them down (CleanupOnExit).
 *
 * Reproduces: firewalld 1.3 of the distribution, src/firewall/core/fw.py (start, reload, stop) and nftables.py, the real
 * thing, with a policy from HOST to ANY as firewalld.org has it in «Policy Objects: Introduction» (2020/09), and the zones
 * its maintainer advises for a kill switch in firewalld/firewalld#803: `drop` by default, the tunnel's device in another.
 * `recipe=nic` is a variant of guides, a policy from HOST to a zone that holds the physical device; `recipe=direct` the
 * older way, direct rules of iptables in OUTPUT (firewalld.direct(5), firewalld/firewalld#898).
 * Simplified: the files that `firewall-cmd --permanent` would write are there before the daemon starts, as after a boot; no
 * polkit, so root alone may give it orders; no NetworkManager to assign devices to zones; the guides' exception for the
 * local network is left out.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { Host, Need, RunningProcess } from '../contracts/host.ts';
import { describeExit } from '../contracts/errors.ts';
import { within } from '../contracts/until.ts';
import { eachLine } from '../programs/lines.ts';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { engaged } from './engaged.ts';
import { surroundings, type Surroundings } from './firewall.ts';
import { nftTables, removeEmptyTables } from './steps.ts';
import { defineKillSwitch } from './define.ts';

const parameters = z.strictObject({
  recipe: z.enum(['policy', 'nic', 'direct']).default('policy'),
  /** Fate of a packet that may not leave. */
  target: z.enum(['drop', 'reject']).default('drop'),
});
type Parameters = z.infer<typeof parameters>;

const NEEDS: readonly Need[] = [
  { command: 'firewalld', package: 'firewalld' },
  { command: 'dbus-daemon', package: 'dbus-daemon' },
  { command: 'gdbus', package: 'libglib2.0-bin' },
  ...IPTABLES_NEEDS,
];

const BUS_NAME = 'org.fedoraproject.FirewallD1';
const OBJECT = '/org/fedoraproject/FirewallD1';
/** Milliseconds: dbus-daemon listens after some, which may be seconds on a machine with many labs. */
const BUS_PATIENCE_MS = 20_000;

// ----------------------------------------------------------------------------------------------------- the configuration

const XML = '<?xml version="1.0" encoding="utf-8"?>\n';

/** What the host sends to a zone. The policy with the lower number is asked first. */
function policy(egress: string, target: string, priority: number, rules = ''): string {
  const zones = `<ingress-zone name="HOST"/><egress-zone name="${egress}"/>`;
  return `${XML}<policy target="${target}" priority="${priority}">${rules}${zones}</policy>\n`;
}

const zone = (target: string, device: string): string =>
  `${XML}<zone target="${target}"><interface name="${device}"/></zone>\n`;

/** Direct rules, in the order of their priority. */
function direct({ device, server, port }: Surroundings, target: string): string {
  const rule = (family: string, priority: number, args: string): string =>
    `<rule ipv="${family}" table="filter" chain="OUTPUT" priority="${priority}">${args}</rule>\n`;
  const both = (priority: number, args: string): string => rule('ipv4', priority, args) + rule('ipv6', priority, args);
  const rules = [
    both(0, '-o lo -j ACCEPT'),
    both(1, `-o ${device} -j ACCEPT`),
    rule('ipv4', 2, `-d ${server} -p udp --dport ${port} -j ACCEPT`),
    both(3, `-j ${target}`),
  ];
  return `${XML}<direct>\n${rules.join('')}</direct>\n`;
}

/** The files of /etc/firewalld that the recipe's commands write, by name. What they leave out is the daemon's default. */
function configuration(around: Surroundings, { recipe, target }: Parameters): Readonly<Record<string, string>> {
  const { device, nic, server, port } = around;
  const verdict = target.toUpperCase();
  const toServer =
    `<rule family="ipv4"><destination address="${server}"/>` + `<port port="${port}" protocol="udp"/><accept/></rule>`;
  const common = { 'firewalld.conf': 'DefaultZone=drop\n', 'zones/trusted.xml': zone('ACCEPT', device) };
  switch (recipe) {
    case 'policy':
      return {
        ...common,
        'policies/tunnel.xml': policy('trusted', 'ACCEPT', -2),
        'policies/killswitch.xml': policy('ANY', verdict, -1, toServer),
      };
    case 'nic':
      return {
        ...common,
        'zones/uplink.xml': zone('DROP', nic),
        'policies/killswitch.xml': policy('uplink', verdict, -1, toServer),
      };
    case 'direct':
      return { ...common, 'direct.xml': direct(around, verdict) };
  }
}

/** A bus that takes connections of its own user alone, which is the host's root. */
const busConfiguration = (socket: string): string => `<busconfig>
  <listen>unix:path=${socket}</listen>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
`;

// ------------------------------------------------------------------------------------------------------------ the daemon

class Firewalld {
  readonly #host: Host;
  readonly #folder: string;
  readonly #env: Readonly<Record<string, string>>;
  #bus: RunningProcess | null = null;
  #daemon: RunningProcess | null = null;

  private constructor(host: Host) {
    this.#host = host;
    this.#folder = path.join(host.folder, 'firewalld');
    this.#env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${this.#socket}` };
  }

  /** Writes the files, starts a bus and the daemon on it; resolves when its rules are in force. */
  static async open(host: Host, files: Readonly<Record<string, string>>): Promise<Firewalld> {
    const firewalld = new Firewalld(host);
    try {
      await firewalld.#write(files);
      await firewalld.#startBus();
      await firewalld.start();
    } catch (error) {
      await firewalld.close();
      throw error;
    }
    return firewalld;
  }

  get pids(): readonly number[] {
    return this.#daemon === null ? [] : [this.#daemon.pid];
  }

  /** Starts the daemon unless it runs. It answers on its bus only after it has put its rules up. */
  async start(): Promise<void> {
    if (this.#daemon !== null) return;
    const argv = ['--nofork', '--nopid', '--log-target', 'console', '--system-config', this.#folder];
    const daemon = await this.#host.spawn(['firewalld', ...argv], { env: this.#env });
    this.#daemon = daemon;
    const log: string[] = [];
    eachLine(daemon.stdout, (line) => log.push(line));
    eachLine(daemon.stderr, (line) => log.push(line));
    const said = (what: string): Error =>
      new Error(`firewalld ${what}: ${log.slice(-5).join(' / ') || '(no message)'}`);
    const ended = new AbortController();
    void daemon.exited.then((status) => {
      this.#daemon = null;
      ended.abort(said(`ended with ${describeExit(status)}`));
    });
    const options = { env: this.#env, signal: ended.signal };
    await this.#host.run(['gdbus', 'wait', '--system', '--timeout', '60', BUS_NAME], options);
    const get = ['--method', 'org.freedesktop.DBus.Properties.Get', BUS_NAME, 'state'];
    const call = ['--system', '--timeout', '60', '--dest', BUS_NAME, '--object-path', OBJECT, ...get];
    const { stdout } = await this.#host.run(['gdbus', 'call', ...call], options);
    // Otherwise it has fallen back to the configuration of its package, which lets everything out.
    if (!stdout.includes('RUNNING')) throw said(`says it is ${stdout.trim()}`);
  }

  async reload(): Promise<void> {
    await this.#host.run(['firewall-cmd', '--reload'], { env: this.#env });
  }

  /** Stops it as its service manager does, then takes its bus away. */
  async close(): Promise<void> {
    for (const process of [this.#daemon, this.#bus]) {
      process?.signal('SIGTERM');
      await process?.exited;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #socket(): string {
    return path.join(this.#folder, 'bus');
  }

  async #write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries({ ...files, 'bus.conf': busConfiguration(this.#socket) })) {
      const file = path.join(this.#folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }

  async #startBus(): Promise<void> {
    const file = path.join(this.#folder, 'bus.conf');
    const bus = await this.#host.spawn([
      'dbus-daemon',
      `--config-file=${file}`,
      '--nofork',
      '--nopidfile',
      '--print-address',
    ]);
    this.#bus = bus;
    bus.stderr.resume();
    const listens = new Promise<void>((resolve, reject) => {
      bus.stdout.once('data', () => resolve());
      void bus.exited.then((status) => reject(new Error(`firewalld's bus ended with ${describeExit(status)}`)));
    });
    await within(listens, { what: "firewalld's bus to say its address", patienceMs: BUS_PATIENCE_MS });
  }
}

export const firewalld = defineKillSwitch({
  id: 'firewalld',
  title: 'firewalld with a policy for outgoing traffic',
  family: 'firewall',
  reproduces: 'firewalld 1.3, a policy from HOST to ANY as in its documentation and its issue 803; the real daemon',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: true, reconnect: true },
  needs: NEEDS,
  parameters,
  async engage(context, chosen) {
    const { host, clock } = context;
    const before = await nftTables(host);
    const daemon = await Firewalld.open(host, configuration(await surroundings(context), chosen));
    return engaged(context, {
      process: { pids: () => daemon.pids, restart: () => daemon.start() },
      update: () => clock.bracket(() => daemon.reload()),
      async disengage() {
        try {
          // What a killed one has left behind goes with the clean stop of the next.
          await daemon.start();
        } finally {
          await daemon.close();
        }
        await removeEmptyTables(host, before);
      },
    });
  },
});
