/**
 * One lab, one fault: the lab before it, under it and after its reversal, printed as JSON for the compliance suite. Twice
 * in the same lab, since an armed fault can be injected again once it has been reverted (`runInLab`).
 */
import { setTimeout } from 'node:timers/promises';
import { Clock } from '../../src/contracts/clock.ts';
import type { Host } from '../../src/contracts/host.ts';
import { changedLab } from '../../src/harness/labs/changed.ts';
import { killSwitchByReference } from '../../src/killswitches/index.ts';
import { bystander } from '../kit/bystander.ts';
import { openLab, sayStage, tell } from '../kit/lab-places.ts';
import { labState } from '../kit/lab-state.ts';
import { faultOf } from '../kit/own-plugins.ts';

const [, , , reference = '', switchReference = 'none', lasting = 'lasting', file = ''] = process.argv;
/** Looks for an effect: one where the fault's is over when it has happened, since it would not be found in any. */
const LOOKS = lasting === 'lasting' ? 11 : 1;
const clock = new Clock();
sayStage('opening the lab');
const bare = await openLab(clock);
sayStage(`engaging ${switchReference}`);
const engaged = await killSwitchByReference(switchReference).engage({
  host: bare.hosts.client,
  vpn: bare.hosts.vpn,
  tunnel: bare.tunnel,
  clock,
  identity: bare.identity,
});
const lab = changedLab(bare, { tunnel: engaged.tunnel ?? bare.tunnel });

sayStage('bringing the tunnel up');
await lab.tunnel.up();
await engaged.tunnelUp();
const client = await bystander(lab, clock, engaged);

const ping = async (host: Host, ...options: string[]): Promise<boolean> =>
  (await host.run(['ping', '-n', '-c', '1', '-W', '1', ...options, '198.18.0.7'], { anyStatus: true })).status.code ===
  0;

/** Whether small and large packets come back through the tunnel within some seconds. */
async function carries(): Promise<boolean> {
  for (let attempt = 0; attempt < 12; attempt++) {
    if ((await ping(engaged.clientHost)) && (await ping(engaged.clientHost, '-s', '1380', '-M', 'do'))) return true;
    await setTimeout(300);
  }
  return false;
}

/** What can be seen of the tunnel from here: its way, and what passes. */
async function path(): Promise<readonly string[]> {
  const route = await engaged.clientHost.run(['ip', 'route', 'get', '198.18.0.10'], { anyStatus: true });
  const device = / dev (\S+)/.exec(route.stdout)?.[1] ?? 'none';
  const large = await ping(engaged.clientHost, '-s', '1380', '-M', 'do');
  return [
    `client restarts: ${client.starts}`,
    `path: to the tracker by ${device}`,
    `path: small ${await ping(engaged.clientHost)}`,
    `path: large ${large}`,
  ];
}

const pids = async (): Promise<readonly number[]> => [
  ...(await lab.tunnel.daemonPids()),
  ...(engaged.process?.pids() ?? []),
  ...client.clientPids(),
];

const same = (some: readonly string[], others: readonly string[]): boolean =>
  some.every((line) => others.includes(line)) && others.every((line) => some.includes(line));

/** The first look that differs, or the last of some: a process that was killed takes a moment to die. */
async function changed(before: readonly string[], look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  let seen = await look();
  for (let looks = 1; looks < LOOKS && same(before, seen); looks++) seen = await look();
  return seen;
}

await carries();
sayStage(`arming ${reference}`);
const rounds: unknown[] = [];
const fault = await faultOf(reference, file);
const armed = await fault.arm(lab, client);
for (let round = 0; round < 2; round++) {
  const watched = await pids();
  const state = async (): Promise<readonly string[]> => [...(await labState(lab, () => Promise.resolve(watched)))];
  const before = [...(await state()), ...(await path())];
  sayStage(`round ${round}: injecting`);
  const span = await armed.inject();
  sayStage('looking for the effect');
  const under = await changed(before, async () => [...(await state()), ...(await path())]);
  sayStage('reverting');
  const reverted = await armed.revert();
  sayStage('looking again');
  const carried = await carries();
  client.starts = 0;
  const after = [...(await labState(lab, pids)), ...(await path())];
  rounds.push({ before, under, after, carried, span, reverted });
}
sayStage('disarming');
await armed[Symbol.asyncDispose]();
await tell({ rounds, carried: await carries() }, bare);
