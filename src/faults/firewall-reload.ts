/**
 * A firewall manager reloads its own configuration, in which the kill switch does not exist. `nftables`: the file Debian
 * brings (/etc/nftables.conf: flush ruleset, then one table with three empty chains). `iptables`: what
 * netfilter-persistent does, a complete restore of the filter tables as they were saved on a machine without rules.
 */
import * as z from 'zod';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import type { Act } from './acts.ts';
import { armInjector } from './arm.ts';
import { saveRules } from './rules-backup.ts';

import { fallAfter, then } from './then-fall.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({ manager: z.enum(['nftables', 'iptables']).default('nftables'), then });

const SAVED = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n';
const chain = (name: string): string => `add chain inet filter ${name} { type filter hook ${name} priority filter; }`;

const RELOADS: Readonly<Record<z.infer<typeof parameters>['manager'], readonly Act[]>> = {
  nftables: [
    {
      act: 'command',
      program: 'nft',
      lines: ['flush ruleset', 'add table inet filter', chain('input'), chain('forward'), chain('output')],
    },
  ],
  iptables: [
    { act: 'feed', argv: ['iptables-restore'], input: SAVED },
    { act: 'feed', argv: ['ip6tables-restore'], input: SAVED },
  ],
};

export const firewallReload = defineFault({
  id: 'firewall-reload',
  title: 'a firewall manager reloads',
  group: 'filter',
  happens: '`systemctl reload nftables`, netfilter-persistent at boot, a package update of the firewall',
  needs: [...NFT_NEEDS, { command: 'iptables-restore', package: 'iptables' }],
  parameters,
  async arm(lab, { manager, then: delay }) {
    const { client } = lab.hosts;
    const putBack = await saveRules(client);
    const { follow, undo } = fallAfter(lab, delay);
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => RELOADS[manager],
      follow,
      revert: () => lab.clock.bracket(() => putBack().then(undo)),
    });
  },
});
