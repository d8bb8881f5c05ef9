/**
 * One lab, two hosts with a control group each, as two labs side by side have them: the second is made while nothing runs in
 * the first. Prints the packet filter of the first as JSON (`runInLab`).
 */
import { Clock } from '../../src/contracts/clock.ts';
import { killSwitchByReference } from '../../src/killswitches/index.ts';
import { openLab, tell } from '../kit/lab-places.ts';

const clock = new Clock();
const lab = await openLab(clock);
const { client, neighbour } = lab.hosts;
const { tunnel, identity } = lab;
const planned = killSwitchByReference('systemd-restrict');

const first = await planned.engage({ host: client, tunnel, clock, identity });
const second = await planned.engage({ host: neighbour, tunnel, clock, identity });
await tunnel.up();
await first.tunnelUp();
const rules = (await client.run(['nft', 'list', 'ruleset'])).stdout;
await first.clientHost.run(['true']);
await second.clientHost.run(['true']);
await second[Symbol.asyncDispose]();
await first[Symbol.asyncDispose]();

await tell({ rules }, lab);
