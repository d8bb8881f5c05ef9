/**
 * The recipe «only through the VPN» for one user: whatever the torrent client's user sends elsewhere than into the tunnel
 * is rejected. One rule with the owner match of iptables, and one that keeps the loopback for the client's own interface.
 *
 * Reproduces: the guide copied most («Force Torrent Traffic through VPN Split Tunnel», htpcguides.com, iptables.sh), with
 * REJECT instead of its marking and routing. It knows IPv4 alone; `v6=on` adds the same rules for IPv6.
 */
import * as z from 'zod';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { v4, v6, type Step } from './steps.ts';

const parameters = z.strictObject({ v6: z.enum(['on', 'off']).default('off') });

/** The user torrent clients run as in the lab: Debian's `nobody`. */
const TORRENT_UID = 65534;

export const ownerMatch = firewall({
  id: 'owner-match',
  title: 'owner match: the torrent user only through the tunnel',
  reproduces: 'the recipe of htpcguides.com, with REJECT; IPv4 alone unless v6=on',
  claims: { v4: true, v6: false, dns: true, lan: true, boot: true, reconnect: true },
  needs: IPTABLES_NEEDS,
  parameters,
  daemon: null,
  steps({ device }, { v6: six }) {
    const families = six === 'on' ? [v4, v6] : [v4];
    const rules = (flag: '-A' | '-D'): Step[] =>
      families.flatMap((family) => [
        family(`${flag} OUTPUT -o lo -m owner --uid-owner ${TORRENT_UID} -j ACCEPT`),
        family(`${flag} OUTPUT -m owner --uid-owner ${TORRENT_UID} ! -o ${device} -j REJECT`),
      ]);
    return { start: rules('-A'), connected: [], stop: rules('-D') };
  },
});
