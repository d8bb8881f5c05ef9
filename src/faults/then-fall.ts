/**
 * What makes a lost kill switch matter: some time after it the tunnel's link goes down too. Without that, traffic goes on
 * through a healthy tunnel and nobody misses the rules.
 */
import { setTimeout } from 'node:timers/promises';
import type { Lab } from '../contracts/lab.ts';
import { seconds } from '../contracts/reference.ts';
import type { Injection } from './arm.ts';
import { tunnelHost } from './places.ts';

/** The parameter: from the fault to the link going down; without it the tunnel stays up. */
export const then = seconds.optional();

export interface Fall extends Pick<Injection, 'follow'> {
  readonly undo: () => Promise<void>;
}

export function fallAfter(lab: Lab, delaySeconds: number | undefined): Fall {
  if (delaySeconds === undefined) return { undo: () => Promise.resolve() };
  return {
    async follow(signal) {
      await setTimeout(delaySeconds * 1000, undefined, { signal });
      await tunnelHost(lab).run(['ip', 'link', 'set', 'dev', lab.tunnel.device, 'down']);
    },
    undo: async () => {
      await lab.tunnel.restore();
    },
  };
}
