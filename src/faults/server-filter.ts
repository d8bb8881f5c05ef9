/** Faults of the path that a packet filter on the server's host makes: one transaction of a running nft(8). */
import type { ArmedFault, Host, Lab, Need } from '../harness/contracts.ts';
import { armInjector } from './arm.ts';

export const NFT_NEEDS: readonly Need[] = [{ command: 'nft', package: 'nftables' }];
const TABLE = 'inet fault_path';

/** Arms rules for the server's input and output; each is put behind the chain's name. */
export async function armServerFilter(
  lab: Lab,
  fault: string,
  rules: { readonly input: string; readonly output?: string },
): Promise<ArmedFault> {
  const { vpn } = lab.hosts;
  await nft(
    vpn,
    `table ${TABLE} {
       chain input { type filter hook input priority raw; }
       chain output { type filter hook output priority raw; }
     }`,
  );
  const lines = [`add rule ${TABLE} input ${rules.input}`];
  if (rules.output !== undefined) lines.push(`add rule ${TABLE} output ${rules.output}`);
  return armInjector({
    fault,
    host: vpn,
    clock: lab.clock,
    acts: () => [{ act: 'command', program: 'nft', lines }],
    revert: () => lab.clock.bracket(() => nft(vpn, `flush table ${TABLE}`)),
    disarm: () => nft(vpn, `delete table ${TABLE}`),
  });
}

async function nft(host: Host, commands: string): Promise<void> {
  await host.run(['nft', '-f', '-'], { input: commands });
}
