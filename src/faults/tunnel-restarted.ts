/**
 * A clean `wg-quick down`, and `up` again after a while, as a user types it. Many operations of a script: the bracket is
 * that of `down`, and not one of a single change.
 */
import { setTimeout } from 'node:timers/promises';
import * as z from 'zod';
import type { ArmedFault } from '../contracts/fault.ts';
import { seconds } from '../contracts/reference.ts';
import { inBackground } from './background.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({
  /** Time from the end of `down` to `up`. */
  gap: seconds.default(2),
});

export const tunnelRestarted = defineFault({
  id: 'tunnel-restarted',
  title: 'the tunnel is taken down and up again',
  group: 'lifecycle',
  happens: 'a user who changes the configuration, `systemctl restart wg-quick@wg0`, a nightly reconnect',
  needs: [],
  parameters,
  arm(lab, { gap }) {
    const { tunnel, clock } = lab;
    let end: (() => Promise<void>) | null = null;
    const up = async (signal: AbortSignal): Promise<void> => {
      await setTimeout(gap * 1000, undefined, { signal }).catch(() => undefined);
      await tunnel.up();
    };
    const finish = async (): Promise<void> => {
      const began = end;
      end = null;
      await began?.();
    };
    const armed: ArmedFault = {
      async inject() {
        const span = await tunnel.down();
        end = inBackground(up);
        return span;
      },
      revert: () => clock.bracket(finish),
      [Symbol.asyncDispose]: finish,
    };
    return Promise.resolve(armed);
  },
});
