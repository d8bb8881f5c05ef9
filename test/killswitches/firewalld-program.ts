/**
 * One lab, firewalld's life: the packet filter once it runs, once it has been killed, started again, reloaded and stopped,
 * printed as JSON (`runInLab`).
 */
import { setTimeout } from 'node:timers/promises';
import { Clock } from '../../src/contracts/clock.ts';
import { killSwitchByReference } from '../../src/killswitches/index.ts';
import { openLab, tell } from '../kit/lab-places.ts';

const clock = new Clock();
const lab = await openLab(clock);
const { client: host, vpn } = lab.hosts;
const rules = async (): Promise<string> => (await host.run(['nft', '--stateless', 'list', 'ruleset'])).stdout;

const planned = killSwitchByReference(process.argv[3] ?? '');
const engaged = await planned.engage({ host, vpn, tunnel: lab.tunnel, clock, identity: lab.identity });
const pids = (): readonly number[] => engaged.process?.pids() ?? [];
const kill = async (): Promise<void> => {
  await host.run(['kill', '-KILL', ...pids().map(String)]);
  while (pids().length > 0) await setTimeout(1);
};

const running = await rules();
const first = pids();
await kill();
const killed = await rules();
await engaged.process?.restart();
const restarted = await rules();
const second = pids();
const span = await engaged.update?.();
const reloaded = await rules();
// Stopped while it is dead: what it has left behind is to go all the same.
await kill();
await engaged[Symbol.asyncDispose]();
const stopped = await rules();

await tell({ running, killed, restarted, reloaded, stopped, first, second, span }, lab);
