/**
 * `iptables -F` and `ip6tables -F`: every rule of the filter tables goes, default policies stay unless the flush sets them
 * to ACCEPT (as the usual «reset» does). Tables of nftables' own are not touched. The real tools, started beforehand and
 * waiting for their input.
 */
import * as z from 'zod';
import { armInjector } from './arm.ts';
import { saveRules } from './rules-backup.ts';
import { fallAfter, then } from './then-fall.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({ policy: z.enum(['keep', 'accept']).default('keep'), then });

export const iptablesFlush = defineFault({
  id: 'iptables-flush',
  title: 'iptables rules are flushed',
  group: 'filter',
  happens: 'a guide followed to the letter, a script of another program, a firewall manager installed later',
  needs: [{ command: 'iptables-restore', package: 'iptables' }],
  parameters,
  async arm(lab, { policy, then: delay }) {
    const { client } = lab.hosts;
    const putBack = await saveRules(client);
    const { follow, undo } = fallAfter(lab, delay);
    const policies = policy === 'accept' ? [':INPUT ACCEPT', ':FORWARD ACCEPT', ':OUTPUT ACCEPT'] : [];
    const input = ['*filter', ...policies, '-F', 'COMMIT', ''].join('\n');
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [
        { act: 'feed', argv: ['iptables-restore', '--noflush'], input },
        { act: 'feed', argv: ['ip6tables-restore', '--noflush'], input },
      ],
      follow,
      revert: () => lab.clock.bracket(() => putBack().then(undo)),
    });
  },
});
