/**
 * Mullvad VPN: one atomic batch of nf_tables for each state (connecting, connected), default drop in output, input and
 * forward; the tunnel is let through by the *index* of its interface, looked up when the batch is made.
 *
 * Reproduces: mullvad/mullvadvpn-app, talpid-core/src/firewall/linux.rs at 00ba3e2e (PolicyBatch, its order: loopback,
 * DHCP client, NDP, relay, DNS, tunnel, LAN, reject), add_allow_lan_rules, and for the daemon
 * talpid-wireguard's connectivity monitor (a look every second, lost after 15 s without an answer). When it loses the
 * tunnel it goes back to the state connecting. systemd starts it again after 1 s; its rules stay through a crash.
 * Simplified: no split tunnel (mangle and nat chains), no API endpoint, no DNS outside the tunnel, no arp_ignore; the
 * monitor's pings are left to the traffic there is.
 */
import * as z from 'zod';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { firewall, type Surroundings } from './firewall.ts';
import { nft } from './steps.ts';

const parameters = z.strictObject({
  /** «Local network sharing», off by default. */
  lan: z.enum(['allow', 'block']).default('block'),
});

// talpid-types/src/net/mod.rs, ALLOWED_LAN_NETS and ALLOWED_LAN_MULTICAST_NETS
const LAN4 = '{ 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16 }';
const LAN6 = '{ fe80::/10, fc00::/7 }';
const MULTICAST4 = '{ 224.0.0.0/24, 239.0.0.0/8, 255.255.255.255 }';
const MULTICAST6 = '{ ff01::/16, ff02::/16, ff03::/16, ff04::/16, ff05::/16 }';

/** The batch of one state. `oif` and `iif` become interface indices when nft(8) reads them. */
function policy(state: 'connecting' | 'connected', around: Surroundings, lan: boolean): string {
  const { device, mark, server, port, dns, tunnel4, tunnel6 } = around;
  const connected = state === 'connected';
  const dnsChain = (chain: string): string => `
    ${connected ? `add rule inet mullvad ${chain} oif "${device}" udp dport 53 ip daddr ${dns} accept` : ''}
    ${connected ? `add rule inet mullvad ${chain} oif "${device}" tcp dport 53 ip daddr ${dns} accept` : ''}
    add rule inet mullvad ${chain} udp dport 53 reject
    add rule inet mullvad ${chain} tcp dport 53 reject with tcp reset`;
  const dhcpNdpOut = (chain: string): string => `
    add rule inet mullvad ${chain} udp sport 68 ip daddr 255.255.255.255 udp dport 67 accept
    add rule inet mullvad ${chain} ip6 saddr fe80::/10 udp sport 546 ip6 daddr { ff02::1:2, ff05::1:3 } udp dport 547 accept
    add rule inet mullvad ${chain} ip6 daddr ff02::2 icmpv6 type nd-router-solicit icmpv6 code 0 accept
    add rule inet mullvad ${chain} ip6 daddr { ff02::1:ff00:0/104, fe80::/10 } icmpv6 type nd-neighbor-solicit icmpv6 code 0 accept
    add rule inet mullvad ${chain} ip6 daddr fe80::/10 icmpv6 type nd-neighbor-advert icmpv6 code 0 accept`;
  return `
    add table inet mullvad
    delete table inet mullvad
    add table inet mullvad
    add chain inet mullvad prerouting { type filter hook prerouting priority -199; policy accept; }
    add chain inet mullvad output { type filter hook output priority 0; policy drop; }
    add chain inet mullvad input { type filter hook input priority 0; policy drop; }
    add chain inet mullvad forward { type filter hook forward priority 0; policy drop; }
    add rule inet mullvad output oif "lo" accept
    add rule inet mullvad input iif "lo" accept
    ${dhcpNdpOut('output')}
    ${dhcpNdpOut('forward')}
    add rule inet mullvad input udp sport 67 udp dport 68 accept
    add rule inet mullvad input ip6 saddr fe80::/10 udp sport 547 ip6 daddr fe80::/10 udp dport 546 accept
    add rule inet mullvad input ip6 saddr fe80::/10 icmpv6 type { nd-router-advert, nd-redirect, nd-neighbor-solicit } icmpv6 code 0 accept
    add rule inet mullvad input icmpv6 type nd-neighbor-advert icmpv6 code 0 accept
    add rule inet mullvad prerouting ip saddr ${server} udp sport ${port} meta mark set ${mark}
    add rule inet mullvad input ip saddr ${server} udp sport ${port} ct state established accept
    add rule inet mullvad output ip daddr ${server} udp dport ${port} meta mark ${mark} accept
    ${dnsChain('output')}
    ${dnsChain('forward')}
    ${connected ? tunnelRules(device) : ''}
    ${connected && lan ? `add rule inet mullvad input ip daddr ${tunnel4} drop` : ''}
    ${connected && lan ? `add rule inet mullvad input ip6 daddr ${tunnel6} drop` : ''}
    ${lan ? ['output', 'forward'].map(lanOut).join('\n') : ''}
    ${lan ? LAN_IN : ''}
    add rule inet mullvad output reject
    add rule inet mullvad forward reject
  `;
}

const tunnelRules = (device: string): string => `
    add rule inet mullvad output oif "${device}" accept
    add rule inet mullvad forward oif "${device}" accept
    add rule inet mullvad input iif "${device}" accept
    add rule inet mullvad forward iif "${device}" ct state established accept`;

const lanOut = (chain: string): string => `
    add rule inet mullvad ${chain} ip daddr ${LAN4} accept
    add rule inet mullvad ${chain} ip6 daddr ${LAN6} accept
    add rule inet mullvad ${chain} ip daddr ${MULTICAST4} accept
    add rule inet mullvad ${chain} ip6 daddr ${MULTICAST6} accept`;

const LAN_IN = `
    add rule inet mullvad input ip saddr ${LAN4} accept
    add rule inet mullvad input ip6 saddr ${LAN6} accept`;

export const mullvad = firewall({
  id: 'mullvad',
  title: 'Mullvad VPN',
  reproduces: 'mullvad/mullvadvpn-app 00ba3e2e, talpid-core/src/firewall/linux.rs; without split tunnel and API access',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: true, reconnect: true },
  needs: NFT_NEEDS,
  parameters,
  daemon: { notice: { by: 1, stallSeconds: 15 }, restartSeconds: 1 },
  steps(around, { lan }) {
    const connecting = nft(policy('connecting', around, lan === 'allow'));
    const connected = nft(policy('connected', around, lan === 'allow'));
    return {
      start: [connecting],
      connected: [connected],
      lost: [connecting],
      returned: [connected],
      stop: [nft('add table inet mullvad\ndelete table inet mullvad')],
    };
  },
});
