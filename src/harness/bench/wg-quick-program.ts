/**
 * Program of the campaign's benchmark: what `wg-quick up` and the programs it runs take of a processor, in seconds,
 * printed. The daemon that it may leave is not in it.
 */
import path from 'node:path';
import { Clock } from '../clock.ts';
import { openNetnsLab } from '../labs/netns.ts';
import { USERSPACE_ENV } from '../wireguard.ts';

const lab = await openNetnsLab(new Clock());
const { client } = lab.hosts;
await lab.tunnel.up(); // which writes the file
await lab.tunnel.down();
const file = path.join(client.folder, `${lab.tunnel.device}.conf`);
// bash(1): `times` gives user and system time, of the shell and then of its children.
const { stdout } = await client.run(['bash', '-c', 'wg-quick up "$0" >&2 && times', file], { env: USERSPACE_ENV });
const seconds = [...stdout.matchAll(/(\d+)m([\d.]+)s/g)].map(
  ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
);
await lab[Symbol.asyncDispose]();
process.stdout.write(`${seconds.slice(-2).reduce((sum, each) => sum + each, 0)}\n`, () => process.exit(0));
