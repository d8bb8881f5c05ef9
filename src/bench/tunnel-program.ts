/**
 * Program of the campaign's benchmark: what the commands that bring up both ends of a tunnel take of a processor, with all
 * that they run, in seconds, printed. Daemons that they leave are not in it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Clock } from '../contracts/clock.ts';
import type { Host } from '../contracts/host.ts';
import { openNetnsLab } from '../harness/labs/netns.ts';
import { openTunnel } from '../harness/labs/tunnel.ts';

const times: string[] = [];

/** The host, with what each of its commands and their children took kept in a file. */
function timed(host: Host): Host {
  return {
    name: host.name,
    folder: host.folder,
    run: (argv, options) => {
      const file = path.join(host.folder, `times-${times.length}`);
      times.push(file);
      return host.run(['bash', '-c', '"$@"; status=$?; times >"$0"; exit $status', file, ...argv], options);
    },
    spawn: (argv, options) => host.spawn(argv, options),
  };
}

/** bash(1): user and system time of the shell on one line, of its children on the next. */
function secondsIn(file: string): number {
  const children = readFileSync(file, 'utf8').split('\n')[1] ?? '';
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return parts.reduce((sum, each) => sum + each, 0);
}

const lab = await openNetnsLab(new Clock());
const { tunnel } = await openTunnel({
  client: timed(lab.hosts.client),
  // The lab's own server listens on the VPN server's host.
  vpn: timed(lab.hosts.swarm),
  serverDevice: 'wgs1',
  clock: lab.clock,
  daemonPids: () => Promise.resolve([]),
});
await tunnel.up();
const seconds = times.map(secondsIn).reduce((sum, each) => sum + each, 0);
await lab[Symbol.asyncDispose]();
process.stdout.write(`${seconds}\n`, () => process.exit(0));
