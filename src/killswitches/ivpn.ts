/**
 * IVPN: chains of iptables, built one command at a time, IPv6 first; the default policies are set to DROP after the
 * chains stand, and a DROP closes each chain.
 *
 * Reproduces: ivpn/desktop-app, daemon/References/Linux/etc/firewall.sh at f6dba9a1: enable_firewall, client_connected,
 * add_direction_exception, `-set_dns`, client_disconnected, disable_firewall, in their order. Simplified: no split tunnel
 * (cgroup and mark rules), no user and ICMP exceptions; FORWARD chains and the empty chains of static exceptions are
 * there only as far as a rule refers to them. The daemon of the original does not react to a lost tunnel by changing
 * rules; systemd starts it again at once.
 */
import { noParameters } from '../contracts/reference.ts';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { both, v4, v6, type Step } from './steps.ts';

const CHAINS = ['IVPN-IN', 'IVPN-OUT', 'IVPN-IN-VPN0', 'IVPN-OUT-VPN0', 'IVPN-OUT-DNS', 'IVPN-IN-VPN', 'IVPN-OUT-VPN'];
const POLICIES = ['INPUT', 'OUTPUT', 'FORWARD'];

const enable: readonly Step[] = [
  ...CHAINS.map((chain) => v6(`-w 2 -N ${chain}`)),
  v6('-w 2 -A IVPN-OUT -j IVPN-OUT-DNS'),
  v6('-w 2 -A IVPN-OUT-DNS -p udp --dport 53 -j DROP'),
  v6('-w 2 -A IVPN-OUT-DNS -p tcp --dport 53 -j DROP'),
  v6('-w 2 -A IVPN-OUT -o lo -j ACCEPT'),
  v6('-w 2 -A IVPN-IN -i lo -j ACCEPT'),
  v6('-w 2 -A IVPN-IN -s FE80::/10 -j ACCEPT'),
  v6('-w 2 -A IVPN-OUT -d FE80::/10 -j ACCEPT'),
  v6('-w 2 -A IVPN-IN -s FD00::/8 -j ACCEPT'),
  v6('-w 2 -A IVPN-OUT -d FD00::/8 -j ACCEPT'),
  v6('-w 2 -I OUTPUT -j IVPN-OUT'),
  v6('-w 2 -I INPUT -j IVPN-IN'),
  v6('-w 2 -A IVPN-OUT -j IVPN-OUT-VPN0'),
  v6('-w 2 -A IVPN-IN -j IVPN-IN-VPN0'),
  v6('-w 2 -A IVPN-OUT -j IVPN-OUT-VPN'),
  v6('-w 2 -A IVPN-IN -j IVPN-IN-VPN'),
  ...POLICIES.map((chain) => v6(`-w 2 -P ${chain} DROP`)),
  v6('-w 2 -A IVPN-OUT -j DROP'),
  v6('-w 2 -A IVPN-IN -j DROP'),

  ...CHAINS.map((chain) => v4(`-w 2 -N ${chain}`)),
  v4('-w 2 -A IVPN-OUT -o lo -j ACCEPT'),
  v4('-w 2 -A IVPN-IN -i lo -j ACCEPT'),
  v4('-w 2 -A IVPN-OUT -p udp --dport 67 -j ACCEPT'),
  v4('-w 2 -A IVPN-IN -p udp --dport 68 -j ACCEPT'),
  v4('-w 2 -I OUTPUT -j IVPN-OUT'),
  v4('-w 2 -I INPUT -j IVPN-IN'),
  v4('-w 2 -A IVPN-OUT -j IVPN-OUT-VPN0'),
  v4('-w 2 -A IVPN-IN -j IVPN-IN-VPN0'),
  v4('-w 2 -A IVPN-OUT -j IVPN-OUT-DNS'),
  v4('-w 2 -A IVPN-OUT-DNS -p udp --dport 53 -j DROP'),
  v4('-w 2 -A IVPN-OUT-DNS -p tcp --dport 53 -j DROP'),
  v4('-w 2 -A IVPN-OUT -j IVPN-OUT-VPN'),
  v4('-w 2 -A IVPN-IN -j IVPN-IN-VPN'),
  ...POLICIES.map((chain) => v4(`-w 2 -P ${chain} DROP`)),
  v4('-w 2 -A IVPN-OUT -j DROP'),
  v4('-w 2 -A IVPN-IN -j DROP'),
];

const disable: readonly Step[] = [
  ...POLICIES.flatMap((chain) => both(`-w 2 -P ${chain} ACCEPT`)),
  ...both('-w 2 -D OUTPUT -j IVPN-OUT'),
  ...both('-w 2 -D INPUT -j IVPN-IN'),
  ...CHAINS.flatMap((chain) => both(`-w 2 -F ${chain}`)),
  ...CHAINS.flatMap((chain) => both(`-w 2 -X ${chain}`)),
];

export const ivpn = firewall({
  id: 'ivpn',
  title: 'IVPN',
  reproduces:
    'ivpn/desktop-app f6dba9a1, daemon/References/Linux/etc/firewall.sh; without split tunnel and user exceptions',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: true, reconnect: true },
  needs: IPTABLES_NEEDS,
  parameters: noParameters,
  daemon: { notice: { by: 'nothing' }, restartSeconds: 0.1 },
  steps: ({ device, server, port, dns }) => ({
    // The server is let through before it is contacted (add_direction_exception), else nothing could connect.
    start: [
      ...enable,
      v4(`-w 2 -A IVPN-IN-VPN0 -s ${server} -p udp --sport ${port} -j ACCEPT`),
      v4(`-w 2 -A IVPN-OUT-VPN0 -d ${server} -p udp --dport ${port} -j ACCEPT`),
    ],
    connected: [
      v4(`-w 2 -A IVPN-OUT-VPN -o ${device} -j ACCEPT`),
      v4(`-w 2 -A IVPN-IN-VPN -i ${device} -j ACCEPT`),
      v6(`-w 2 -A IVPN-OUT-VPN -o ${device} -j ACCEPT`),
      v6(`-w 2 -A IVPN-IN-VPN -i ${device} -j ACCEPT`),
      v4('-w 2 -F IVPN-OUT-DNS'),
      v4(`-w 2 -A IVPN-OUT-DNS ! -d ${dns} -p udp --dport 53 -j DROP`),
      v4(`-w 2 -A IVPN-OUT-DNS ! -d ${dns} -p tcp --dport 53 -j DROP`),
    ],
    stop: disable,
  }),
});
