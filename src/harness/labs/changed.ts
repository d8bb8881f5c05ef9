/** A lab as somebody is to meet it: the same lab, with other hosts, another tunnel, or more known of its identity. */
import type { Lab } from '../../contracts/lab.ts';

export function changedLab(lab: Lab, change: Partial<Pick<Lab, 'hosts' | 'tunnel' | 'identity'>>): Lab {
  return {
    hosts: lab.hosts,
    uplink: lab.uplink,
    wan: lab.wan,
    tunnel: lab.tunnel,
    identity: lab.identity,
    clock: lab.clock,
    ...change,
    describe: () => lab.describe(),
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}
