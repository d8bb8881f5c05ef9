/** `nft flush ruleset`: everything in the packet filter goes, of whatever tool it was; wg-quick's tables too. */
import type { Fault } from '../harness/contracts.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { armInjector } from './arm.ts';
import { saveRules } from './rules-backup.ts';
import { NFT_NEEDS } from './server-filter.ts';

export const nftFlush: Fault<NoParameters> = {
  id: 'nft-flush',
  title: 'the whole packet filter is flushed',
  group: 'filter',
  happens: '`systemctl stop nftables`, a configuration that begins with `flush ruleset`, another VPN application',
  needs: NFT_NEEDS,
  parameters: noParameters,
  async arm(lab) {
    const { client } = lab.hosts;
    const putBack = await saveRules(client);
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'nft', lines: ['flush ruleset'] }],
      revert: () => lab.clock.bracket(putBack),
    });
  },
};
