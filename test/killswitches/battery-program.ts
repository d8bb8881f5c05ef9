/**
 * One lab, one kill switch: what is to be seen of it at each stage, printed as JSON for the compliance suite (`runInLab`).
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Clock } from '../../src/contracts/clock.ts';
import type { Host } from '../../src/contracts/host.ts';
import { Unsupported } from '../../src/contracts/errors.ts';
import { openLab, sayStage, tell } from '../kit/lab-places.ts';
import { hostState } from '../kit/host-state.ts';
import { switchOf } from '../kit/own-plugins.ts';
import { knowNeighbours, sendProbes } from '../kit/probe-packets.ts';

const [, , , reference = '', file = ''] = process.argv;
const clock = new Clock();
sayStage('opening the lab');
const lab = await openLab(clock);
const { client, vpn } = lab.hosts;

/** Whether an answer comes through within some seconds; ping gives up at the first rejection, so it is asked again. */
async function carries(host: Host, address: string): Promise<boolean> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const { status } = await host.run(['ping', '-n', '-c', '1', '-W', '1', address], { anyStatus: true });
    if (status.code === 0) return true;
    await setTimeout(200);
  }
  return false;
}

/** Whether the resolver that the tunnel brings is heard; the VPN host passes questions on to the lab's. */
async function resolves(host: Host, address: string): Promise<boolean> {
  const echo =
    "const ear = require('node:dgram').createSocket('udp4');" +
    "ear.on('message', (query, from) => ear.send(query, from.port, from.address));" +
    "ear.bind(53, () => console.log('ready'));";
  const ask =
    "const mouth = require('node:dgram').createSocket('udp4');" +
    "mouth.on('message', () => process.exit(0));" +
    `setInterval(() => mouth.send('?', 53, '${address}'), 200); setTimeout(() => process.exit(1), 3000);`;
  const resolver = await lab.hosts.resolver.spawn([process.execPath, '-e', echo]);
  await once(resolver.stdout, 'data');
  const { status } = await host.run([process.execPath, '-e', ask], { anyStatus: true });
  resolver.signal('SIGKILL');
  await resolver.exited;
  return status.code === 0;
}

await knowNeighbours(client);
// wg-quick leaves a sysctl behind (src_valid_mark), with or without a kill switch.
await lab.tunnel.up();
await lab.tunnel.down();
const before = await hostState(client);

sayStage(`engaging ${reference}`);
const planned = await switchOf(reference, file);
const engaged = await planned
  .engage({ host: client, vpn, tunnel: lab.tunnel, clock, identity: lab.identity })
  .catch((error: unknown) => {
    if (error instanceof Unsupported) return tell({ unsupported: error.message }, lab);
    throw error;
  });
const tunnel = engaged.tunnel ?? lab.tunnel;
sayStage('probing without a tunnel');
const boot = await sendProbes(lab, engaged.clientHost);

sayStage('bringing the tunnel up');
await tunnel.up();
await engaged.tunnelUp();
sayStage('probing through the tunnel');
const steady = {
  tunnel4: await carries(engaged.clientHost, '198.18.0.7'),
  tunnel6: await carries(engaged.clientHost, '2001:db8:f::10'),
  resolves: await resolves(engaged.clientHost, tunnel.config.dns),
  probes: await sendProbes(lab, engaged.clientHost),
};

// Stands for the torrent client: what is to be killed with it.
const bystander = await engaged.clientHost.spawn(['sleep', '600'], { unprivileged: true });
let bystanderEnded = false;
void bystander.exited.then(() => (bystanderEnded = true));
await engaged.clientStarted({
  pids: [bystander.pid],
  exited: bystander.exited,
  status: () => Promise.resolve({ downloadedBytes: 0, peers: 0, dhtNodes: null }),
  addresses: () => Promise.resolve({ listens: [], announces: [] }),
  logTail: () => Promise.resolve([]),
  stop: () => bystander.exited,
});

sayStage('taking the tunnel down');
await (tunnel.host ?? client).run(['ip', 'link', 'set', 'dev', tunnel.device, 'down']);
if (/app-(kill|block)/.test(reference)) {
  sayStage('waiting for the switch to act');
  // The application's own word says when it has acted; what comes of it is looked at from outside.
  while (!(await engaged.instants()).some(({ stage }) => stage === 'acted')) await setTimeout(10);
}
sayStage('probing in the outage');
const outage = { probes: await sendProbes(lab, engaged.clientHost), bystanderEnded };

sayStage('restoring the tunnel');
await tunnel.restore();
const recovered = await carries(engaged.clientHost, '198.18.0.7');
const instants = await engaged.instants();
sayStage('disengaging');
bystander.signal('SIGKILL');
await tunnel.down();
await engaged[Symbol.asyncDispose]();
const after = await hostState(client);

const left = {
  missing: before.filter((line) => !after.includes(line)),
  added: after.filter((line) => !before.includes(line)),
};
await tell({ binding: engaged.binding, boot, steady, outage, recovered, instants, left }, lab);
