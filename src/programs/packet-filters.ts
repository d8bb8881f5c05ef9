/** Packages of the packet filters' own commands, which kill switches and faults run on lab hosts. */
import type { Need } from '../contracts/host.ts';

export const NFT_NEEDS: readonly Need[] = [{ command: 'nft', package: 'nftables' }];
/** Both families; nft tells and removes the tables that iptables leaves empty. */
export const IPTABLES_NEEDS: readonly Need[] = [
  { command: 'iptables', package: 'iptables' },
  { command: 'ip6tables', package: 'iptables' },
  ...NFT_NEEDS,
];
