/**
 * NordVPN 5: one table of nf_tables, default drop in output (a `route` chain in mangle), input and forward; sockets that
 * bear the application's mark are followed by connection mark; DNS to the LAN is dropped; the tunnel by its *name*.
 *
 * Reproduces: NordSecurity/nordvpn-linux, daemon/firewall/nft, its golden rule sets TestVPNRuleset/kill_switch_only and
 * vpn_only (5.x, a7a23a65), each swapped in as one transaction. systemd starts the daemon again after 5 s, its rules
 * staying meanwhile; a graceful stop removes them. Simplified: no allowlist, no meshnet; the mark and the device are the
 * lab's, and the tunnel's address takes the place of 10.5.0.2; its resolvers have public addresses, the lab's tunnel has its
 * own in 10.0.0.0/8, which is left out of the LAN for that.
 */
import { noParameters } from '../contracts/reference.ts';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { firewall, type Surroundings } from './firewall.ts';
import { nft } from './steps.ts';

function ruleset({ device, mark, tunnel4, dns }: Surroundings, connected: boolean): string {
  const tunnel = (rules: string): string => (connected ? rules : '');
  const lanDns = `
      ip daddr != ${dns} ip daddr @lan_ranges tcp dport 53 drop
      ip daddr != ${dns} ip daddr @lan_ranges udp dport 53 drop`;
  return `
  table inet nordvpn
  delete table inet nordvpn
  table inet nordvpn {
    set lan_ranges {
      type ipv4_addr
      flags constant,interval
      elements = { 10.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16 }
    }
    chain input {
      type filter hook input priority filter; policy drop;
      iifname "lo" accept
      ct mark ${mark} accept
      ${tunnel(`iifname "${device}" accept`)}
    }
    chain output {
      type route hook output priority mangle; policy drop;
      oifname "lo" accept
      ct mark ${mark} accept
      meta mark ${mark} ct mark set meta mark accept
      ${lanDns}
      ${tunnel(`oifname "${device}" ip saddr != ${tunnel4} drop`)}
      ${tunnel(`oifname "${device}" accept`)}
    }
    chain forward {
      type filter hook forward priority filter; policy drop;
      ${tunnel(`oifname "${device}" accept`)}
      ${tunnel(`iifname "${device}" ct state established,related accept`)}
      ${lanDns}
    }
  }`;
}

export const nordvpn = firewall({
  id: 'nordvpn',
  title: 'NordVPN 5 (nf_tables)',
  reproduces:
    'NordSecurity/nordvpn-linux a7a23a65, daemon/firewall/nft, golden rule sets; without allowlist and meshnet',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: true, reconnect: true },
  needs: NFT_NEEDS,
  parameters: noParameters,
  daemon: { notice: { by: 'nothing' }, restartSeconds: 5 },
  steps: (around) => ({
    start: [nft(ruleset(around, false))],
    connected: [nft(ruleset(around, true))],
    stop: [nft('table inet nordvpn\ndelete table inet nordvpn')],
  }),
});
