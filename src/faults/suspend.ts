/**
 * The machine sleeps and wakes: every process of tunnel, kill switch and client stands still and the physical link is
 * down; after a while the link is back and all go on. The kernel itself does not sleep here: timers run on, and WireGuard
 * in the kernel would not stand still.
 */
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import type { Host } from '../contracts/host.ts';
import { seconds } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { ipBatch, linkRestoration, uplinkOf } from './places.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({ asleep: seconds.default(3) });

export const suspend = defineFault({
  id: 'suspend',
  title: 'the machine sleeps and wakes',
  group: 'lifecycle',
  happens: 'a laptop that is closed and opened, a virtual machine that is paused',
  needs: [],
  parameters,
  async arm(lab, { asleep }, subjects) {
    const { client } = lab.hosts;
    const { device } = await uplinkOf(client);
    const lines = await linkRestoration(client, device);
    let pids: readonly number[] = [];
    const wake = async (): Promise<void> => {
      await ipBatch(client, lines);
      await resume(client, pids);
    };
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: async () => {
        const asleepNow = [
          ...subjects.clientPids(),
          ...(subjects.engaged.process?.pids() ?? []),
          ...(await lab.tunnel.daemonPids()),
        ];
        pids = asleepNow;
        const down = await linkDownAct(client, device);
        return asleepNow.length === 0 ? [down] : [{ act: 'signal', pids: asleepNow, signal: 'SIGSTOP' }, down];
      },
      async follow(signal) {
        await setTimeout(asleep * 1000, undefined, { signal });
        await wake();
      },
      revert: () => lab.clock.bracket(wake),
    });
  },
});

async function resume(host: Host, pids: readonly number[]): Promise<void> {
  if (pids.length > 0) await host.run(['kill', '-CONT', ...pids.map(String)], { anyStatus: true });
}
