/**
 * What every lab must do, whichever backend made it. Each check is told a lab with nothing running in it and leaves it
 * so; a new backend adds one file beside netns.test.ts.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import * as z from 'zod';
import { faultById } from '../../../src/faults/index.ts';
import type { Argv, Host } from '../../../src/contracts/host.ts';
import type { Lab } from '../../../src/contracts/lab.ts';
import { CommandFailed } from '../../../src/contracts/errors.ts';
import { ADDRESS } from '../../../src/contracts/addresses.ts';
import { HOST_NAMES, type HostName } from '../../../src/records/vocabulary.ts';
import { bystander } from '../../kit/bystander.ts';

const linksSchema = z.array(z.looseObject({ ifname: z.string() }));

export interface Check {
  readonly name: string;
  readonly check: (lab: Lab) => Promise<void>;
}

const reaches = async (host: Host, address: string, patienceSeconds = 2): Promise<boolean> => {
  const ping: Argv = ['ping', '-n', '-c', '1', '-W', String(patienceSeconds), address];
  return (await host.run(ping, { anyStatus: true })).status.code === 0;
};

/**
 * A handshake that is asked for a few milliseconds after the one before is refused (WireGuard's whitepaper, 5.4.2: its
 * timestamp must be greater, and wireguard-go's have steps of 17 ms), and asked for again after REKEY_TIMEOUT, 5 s and
 * a third for jitter (6.1).
 */
const HANDSHAKE_PATIENCE_SECONDS = 12;

const exited = async (host: Host, argv: Argv): Promise<string> => (await host.run(argv)).stdout.trim();

/**
 * A fault for each way in which an injector acts on a host: a write, a running ip(8), a waiting program, a signal. What
 * every fault of the catalogue does is for test/faults to see.
 */
const FAULTS = ['link-down', 'route-lost', 'server-blackhole', 'peer-removed', 'daemon-killed'].map(faultById);

export const CHECKS: readonly Check[] = [
  {
    name: 'runs a program with input, environment and arguments as they are',
    check: async ({ hosts: { client } }) => {
      const argument = 'two  words "$HOME" \\';
      const { stdout, stderr, status } = await client.run(
        ['sh', '-c', 'cat; printf %s "$0$KSL"; echo no >&2', argument],
        {
          input: 'in\n',
          env: { KSL: 'value' },
        },
      );
      assert.deepEqual(
        { stdout, stderr, status },
        {
          stdout: `in\n${argument}value`,
          stderr: 'no\n',
          status: { code: 0, signal: null },
        },
      );
    },
  },
  {
    name: 'says which host and command failed, and accepts any status when asked',
    check: async ({ hosts: { vpn } }) => {
      await assert.rejects(vpn.run(['sh', '-c', 'echo why >&2; exit 3']), (error: unknown) => {
        assert.ok(error instanceof CommandFailed);
        assert.equal(error.host, 'vpn');
        assert.deepEqual(error.status, { code: 3, signal: null });
        assert.match(error.message, /exit 3.*why/s);
        return true;
      });
      const { status } = await vpn.run(['sh', '-c', 'kill -TERM $$'], { anyStatus: true });
      assert.deepEqual(status, { code: null, signal: 'SIGTERM' });
    },
  },
  {
    name: 'refuses a program that does not exist',
    check: async ({ hosts: { swarm } }) => {
      await assert.rejects(swarm.run(['no-such-program-here']), CommandFailed);
    },
  },
  {
    name: 'ends a run when its signal aborts',
    check: async ({ hosts: { client } }) => {
      const stop = new AbortController();
      const run = client.run(['sleep', '60'], { signal: stop.signal });
      const process = await client.spawn(['true']);
      await process.exited;
      stop.abort(new Error('enough'));
      await assert.rejects(run);
      assert.equal((await client.run(['pgrep', '-x', 'sleep'], { anyStatus: true })).stdout, '');
    },
  },
  {
    name: 'passes a megabyte of arbitrary bytes through a process and back',
    check: async ({ hosts: { neighbour } }) => {
      const sent = randomBytes(1 << 20);
      const process = await neighbour.spawn(['cat']);
      const received = buffer(process.stdout);
      process.stdin.end(sent);
      const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
      assert.equal(digest(await received), digest(sent));
      assert.deepEqual(await process.exited, { code: 0, signal: null });
    },
  },
  {
    name: 'gives the process id the host itself sees, and signals that process',
    check: async ({ hosts: { client } }) => {
      for (const unprivileged of [false, true]) {
        const process = await client.spawn(['sh', '-c', 'echo $$; exec sleep 60'], { unprivileged });
        const [line] = await firstLines(process.stdout, 1);
        assert.equal(Number(line), process.pid);
        process.signal('SIGINT');
        process.signal('SIGKILL');
        assert.ok(['SIGINT', 'SIGKILL'].includes((await process.exited).signal ?? ''));
        process.signal('SIGKILL');
      }
    },
  },
  {
    name: 'starts programs whose input ends as soon as they are there',
    check: async ({ hosts: { client } }) => {
      const all = Array.from({ length: 20 }, async (_, index) => {
        const process = await client.spawn(['cat']);
        process.stdin.end(`${index}`);
        return [await text(process.stdout), (await process.exited).code];
      });
      assert.deepEqual(
        await Promise.all(all),
        all.map((_, index) => [`${index}`, 0]),
      );
    },
  },
  {
    name: 'starts a program that ignores no signal',
    check: async ({ hosts: { client } }) => {
      for (const unprivileged of [false, true]) {
        const process = await client.spawn(['grep', 'SigIgn', '/proc/self/status'], { unprivileged });
        assert.match(await text(process.stdout), /^SigIgn:\s+0+$/m);
      }
    },
  },
  {
    name: 'runs an unprivileged process without root’s identity or capabilities',
    check: async ({ hosts: { client } }) => {
      const process = await client.spawn(['sh', '-c', 'id -u; grep CapEff /proc/self/status'], { unprivileged: true });
      const [user = '', capabilities = ''] = (await text(process.stdout)).split('\n');
      assert.notEqual(user, '0');
      assert.match(capabilities, /\b0+$/);
    },
  },
  {
    name: 'shares each host’s folder with the harness under one path',
    check: async ({ hosts }) => {
      for (const name of HOST_NAMES) {
        const host = hosts[name];
        await writeFile(path.join(host.folder, 'outside'), name);
        assert.equal(await exited(host, ['cat', path.join(host.folder, 'outside')]), name);
        await host.run(['tee', path.join(host.folder, 'inside')], { input: name });
        assert.equal(await readFile(path.join(host.folder, 'inside'), 'utf8'), name);
      }
      assert.equal(new Set(HOST_NAMES.map((name) => hosts[name].folder)).size, HOST_NAMES.length);
    },
  },
  {
    name: 'reads the same clock inside and outside',
    check: async ({ hosts, clock }) => {
      for (const name of HOST_NAMES) {
        const before = clock.nowNs();
        const inside = Number(BigInt(await exited(hosts[name], ['date', '+%s%N'])) - clock.originUnixNs);
        const after = clock.nowNs();
        const MARGIN_NS = 100_000;
        assert.ok(
          before - MARGIN_NS <= inside && inside <= after + MARGIN_NS,
          `${name}: ${inside} in ${before}..${after}`,
        );
      }
    },
  },
  {
    name: 'joins client, neighbour, VPN, swarm and resolver in both families through the router',
    check: async ({ hosts: { client, neighbour } }) => {
      const { vpn, resolver, lan } = ADDRESS;
      for (const address of [vpn, resolver, lan].flatMap(({ v4, v6 }) => [v4, v6])) {
        assert.ok(await reaches(client, address), `client to ${address}`);
        assert.ok(await reaches(neighbour, address), `neighbour to ${address}`);
      }
      assert.ok(await reaches(client, ADDRESS.neighbour.v4));
      assert.ok(await reaches(client, '198.18.0.10'));
    },
  },
  {
    name: 'hides the client’s IPv4 address behind the router’s and lets nothing unasked-for in',
    check: async ({ hosts: { client, vpn } }) => {
      assert.equal(await reaches(vpn, ADDRESS.client.v6), false);
      assert.equal(await sourceSeen(client, vpn, ADDRESS.vpn.v4), ADDRESS.wan.v4);
    },
  },
  {
    name: 'has no way out: every host’s routes end in the lab',
    check: async ({ hosts }) => {
      const INSIDE =
        /^(lo|eth0|lan|lan-n|uplink|wan|wgs0|sit0|tunl0|ip6tnl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6gre0)$/;
      for (const name of HOST_NAMES) {
        const { stdout } = await hosts[name].run(['ip', '-oneline', 'link', 'show']);
        const devices = [...stdout.matchAll(/^\d+: ([^:@]+)/gm)].map((match) => match[1] ?? '');
        assert.deepEqual(
          devices.filter((device) => !INSIDE.test(device)),
          [],
          name,
        );
      }
      // RFC 5737's third network is nobody's in the lab.
      assert.equal(await reaches(hosts.client, '192.0.2.1'), false);
    },
  },
  {
    name: 'shows a host its own links in /sys, or lets it change none there',
    check: async ({ hosts }) => {
      for (const host of Object.values(hosts)) {
        const links = linksSchema.parse(JSON.parse(await exited(host, ['ip', '-json', 'link'])));
        const own = links.map(({ ifname }) => ifname).sort();
        const shown = (await exited(host, ['ls', '/sys/class/net'])).split('\n').sort();
        if (shown.join() === own.join()) continue;
        const writable = await host.run(['test', '-w', '/sys/class/net/lo/flags'], { anyStatus: true });
        assert.notEqual(writable.status.code, 0, `${host.name} can change ${shown.join(', ')}`);
      }
    },
  },
  {
    name: 'brings up a tunnel that carries both families to the server, and takes it down again without a trace',
    check: async ({ hosts: { client }, tunnel }) => {
      const state = async (): Promise<string> => {
        const parts: readonly Argv[] = [
          ['ip', '-4', 'rule'],
          ['ip', '-6', 'rule'],
          ['ip', '-4', 'route', 'show', 'table', 'all'],
          ['cat', '/etc/resolv.conf'],
        ];
        return (await Promise.all(parts.map((argv) => exited(client, argv)))).join('\n');
      };
      const before = await state();
      const span = await tunnel.up();
      assert.ok(span.beforeNs < span.afterNs);
      assert.ok(await reaches(client, ADDRESS.tunnelServer.v4));
      assert.ok(await reaches(client, ADDRESS.tunnelServer.v6));
      assert.match(await exited(client, ['cat', '/etc/resolv.conf']), new RegExp(`nameserver ${tunnel.config.dns}`));
      await tunnel.down();
      assert.equal(await state(), before);
    },
  },
  {
    name: 'routes the world into the tunnel, so that the swarm sees the VPN’s address',
    check: async ({ hosts: { client, swarm }, tunnel, identity }) => {
      await tunnel.up();
      assert.equal(await sourceSeen(client, swarm, '198.18.0.10'), identity.exit4);
      await tunnel.down();
    },
  },
  ...FAULTS.map((fault): Check => ({
    name: `suffers ${fault.id} in one bracket and recovers from it, twice`,
    check: async (lab) => {
      await lab.tunnel.up();
      try {
        const client = await bystander(lab, lab.clock);
        const armed = await fault.plan({}).arm(lab, client);
        for (let time = 0; time < 2; time++) {
          const { beforeNs, afterNs } = await armed.inject();
          assert.ok(beforeNs < afterNs);
          await armed.revert();
          const again = await reaches(lab.hosts.client, ADDRESS.tunnelServer.v4, HANDSHAKE_PATIENCE_SECONDS);
          assert.ok(again, 'the tunnel after the reversal');
        }
        await armed[Symbol.asyncDispose]();
        await client.stopClient();
      } finally {
        await lab.tunnel.down();
      }
    },
  })),
];

/** The address from which a datagram of one host arrives at another's. */
async function sourceSeen(from: Host, at: Host, address: string): Promise<string | undefined> {
  const PORT = 4242;
  const receiver = await at.spawn(['socat', '-d', '-d', '-u', `UDP4-RECVFROM:${PORT}`, 'STDOUT']);
  const said = text(receiver.stdout);
  await until(receiver.stderr, 'receiving on');
  const arrived = until(receiver.stderr, 'received packet');
  await from.run(['socat', '-u', 'STDIN', `UDP4-SENDTO:${address}:${PORT}`], { input: 'who am I?' });
  const source = / from AF=2 ([\d.]+):/.exec(await arrived)?.[1];
  assert.equal(await said, 'who am I?');
  return source;
}

async function firstLines(stream: NodeJS.ReadableStream, count: number): Promise<string[]> {
  let read = '';
  for await (const chunk of stream) {
    read += String(chunk);
    if (read.split('\n').length > count) break;
  }
  return read.split('\n').slice(0, count);
}

/** Resolves when the words have come, with the text up to them and the rest of that line. */
function until(stream: NodeJS.ReadableStream, words: string): Promise<string> {
  let read = '';
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      read += chunk.toString();
      if (new RegExp(`${words}.*\n`).test(read)) resolve(read);
    });
    stream.once('end', () => reject(new Error(`ended without «${words}»: ${read}`)));
  });
}

/** Hosts' names and a process each, to see after the end that none of them is left. */
export async function leaveRunning(lab: Lab): Promise<readonly HostName[]> {
  for (const name of HOST_NAMES) await lab.hosts[name].spawn(['sleep', '600']);
  return HOST_NAMES;
}
