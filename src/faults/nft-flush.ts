/** `nft flush ruleset`: everything in the packet filter goes, of whatever tool it was; wg-quick's tables too. */
import * as z from 'zod';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { armInjector } from './arm.ts';
import { saveRules } from './rules-backup.ts';

import { fallAfter, then } from './then-fall.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({ then });

export const nftFlush = defineFault({
  id: 'nft-flush',
  title: 'the whole packet filter is flushed',
  group: 'filter',
  happens: '`systemctl stop nftables`, a configuration that begins with `flush ruleset`, another VPN application',
  needs: NFT_NEEDS,
  parameters,
  async arm(lab, { then: delay }) {
    const { client } = lab.hosts;
    const putBack = await saveRules(client);
    const { follow, undo } = fallAfter(lab, delay);
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'nft', lines: ['flush ruleset'] }],
      follow,
      revert: () => lab.clock.bracket(() => putBack().then(undo)),
    });
  },
});
