/** One lab whose tunnel does not come up again after it was taken down: who is told, and when (`runInLab`). */
import { setTimeout } from 'node:timers/promises';
import { tunnelRestarted } from '../../src/faults/tunnel-restarted.ts';
import { Clock } from '../../src/contracts/clock.ts';
import { messageOf } from '../../src/contracts/errors.ts';
import { bystander } from '../kit/bystander.ts';
import { openLab, tell } from '../kit/lab-places.ts';

const clock = new Clock();
const lab = await openLab(clock);
await lab.tunnel.up();
const armed = await tunnelRestarted.plan({ gap: '1ms' }).arm(lab, await bystander(lab, clock));
lab.tunnel.addHook('PreUp = false');
await armed.inject();
// Long enough for wg-quick to have failed.
await setTimeout(1000);
const reverted = await armed.revert().then(() => 'reverted', messageOf);
await armed[Symbol.asyncDispose]();
await tell({ reverted }, lab);
