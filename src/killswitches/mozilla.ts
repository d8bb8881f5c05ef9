/**
 * Mozilla VPN: nf_tables with default drop in input and output, built by several transactions one after the other; ranges
 * of private and multicast addresses are always allowed; the tunnel by name. The firewall exists only while the VPN is
 * active, and the daemon's start removes whatever tables it finds.
 *
 * Reproduces: mozilla-mobile/mozilla-vpn-client, src/platforms/linux/daemon/linuxfirewall.cpp at 110a8b5d (the order of
 * up(); the constructor removes the tables) and linux/netfilter/netfilter.go at 086e20e2 (the rules; ranges of
 * IPAddress::lanAddressRanges). Simplified: no cgroup chains (split tunnel).
 */
import { noParameters } from '../contracts/reference.ts';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { nft, type Step } from './steps.ts';

const T = 'inet mozvpn-inet';
const RANGES4 = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '224.0.0.0/4'];
const RANGES6 = ['fc00::/7', 'fe80::/10', 'ff00::/8'];
const NDP = 'ip6 daddr';

const remove = nft(`table ${T}\ndelete table ${T}`);

export const mozilla = firewall({
  id: 'mozilla',
  title: 'Mozilla VPN',
  reproduces: 'mozilla-mobile/mozilla-vpn-client 110a8b5d, linuxfirewall.cpp and netfilter.go; without split tunnel',
  claims: { v4: true, v6: true, dns: true, lan: false, boot: false, reconnect: true },
  needs: NFT_NEEDS,
  parameters: noParameters,
  daemon: { notice: { by: 'nothing' }, restartSeconds: 0.1 },
  steps({ device, mark, server, tunnel6 }) {
    const allow = (family: 'ip' | 'ip6', range: string): Step =>
      nft(`add rule ${T} output ${family} daddr ${range} accept\nadd rule ${T} input ${family} saddr ${range} accept`);
    const up = [
      nft(`
        table ${T} {
          set addrset { type ipv4_addr; }
          chain conntrack { type route hook output priority -199; }
          chain preroute { type filter hook prerouting priority raw; }
          chain input { type filter hook input priority filter; policy drop; }
          chain output { type filter hook output priority filter; policy drop; }
        }`),
      nft(`
        add rule ${T} conntrack meta mark ${mark} ct mark set 0x9e4c
        add rule ${T} preroute meta nfproto ipv4 meta l4proto udp ip saddr @addrset meta mark set ${mark}
        add rule ${T} preroute ct mark 0x9e4c meta mark set ${mark}`),
      nft(`
        add rule ${T} input meta iiftype loopback accept
        add rule ${T} input iifname "${device}" accept
        add rule ${T} input meta l4proto udp ip saddr @addrset accept
        add rule ${T} input meta mark ${mark} accept
        add rule ${T} output meta oiftype loopback accept
        add rule ${T} output oifname "${device}" accept
        add rule ${T} output meta l4proto udp ip daddr @addrset accept
        add rule ${T} output meta mark ${mark} accept`),
      nft(
        `add rule ${T} preroute meta nfproto ipv6 iifname != "${device}" fib saddr type != local ip6 daddr ${tunnel6} drop`,
      ),
      ...RANGES4.map((range) => allow('ip', range)),
      ...RANGES6.map((range) => allow('ip6', range)),
      nft(`
        add rule ${T} output udp sport 68 ip daddr 255.255.255.255 udp dport 67 accept
        add rule ${T} output udp sport 67 udp dport 68 accept
        add rule ${T} input udp sport 68 ip daddr 255.255.255.255 udp dport 67 accept
        add rule ${T} input udp sport 68 udp dport 67 accept`),
      nft(`
        add rule ${T} output ${NDP} ff02::2 icmpv6 type 133 icmpv6 code 0 accept
        add rule ${T} output ${NDP} ff02::1:ff00:0/104 icmpv6 type 135 icmpv6 code 0 accept
        add rule ${T} output ${NDP} fe80::/10 icmpv6 type { 135, 136 } icmpv6 code 0 accept
        add rule ${T} input ${NDP} fe80::/10 icmpv6 type { 134, 135, 136, 137 } icmpv6 code 0 accept`),
      nft(`
        add rule ${T} output udp dport 53 reject
        add rule ${T} output tcp dport 53 reject with tcp reset`),
      nft(`add element ${T} addrset { ${server} }`),
    ];
    return { start: [remove], connected: up, stop: [remove], afterCrash: [remove] };
  },
});
