/** Faults of the path that a packet filter on the server's host makes: one transaction of a running nft(8). */
import type { ArmedFault } from '../contracts/fault.ts';
import type { Host } from '../contracts/host.ts';
import type { Lab } from '../contracts/lab.ts';
import { armInjector } from './arm.ts';

const TABLE = 'inet fault_path';
/** A table whose chains see no packet (nft(8), «dormant»): its rules are checked, compiled and in the kernel all the same. */
const DORMANT = `table ${TABLE} { flags dormant; }`;

/**
 * Arms rules for the server's input and output, asleep; the fault is their waking, which costs the kernel a third of what
 * adding them does.
 */
export async function armServerFilter(
  lab: Lab,
  fault: string,
  rules: { readonly input: string; readonly output: string },
): Promise<ArmedFault> {
  const { vpn } = lab.hosts;
  await nft(
    vpn,
    `table ${TABLE} {
       flags dormant;
       chain input { type filter hook input priority raw; ${rules.input}; }
       chain output { type filter hook output priority raw; ${rules.output}; }
     }`,
  );
  return armInjector({
    fault,
    host: vpn,
    clock: lab.clock,
    acts: () => [{ act: 'command', program: 'nft', lines: [`add table ${TABLE}`] }],
    revert: () => lab.clock.bracket(() => nft(vpn, DORMANT)),
    disarm: () => nft(vpn, `delete table ${TABLE}`),
  });
}

async function nft(host: Host, commands: string): Promise<void> {
  await host.run(['nft', '-f', '-'], { input: commands });
}
