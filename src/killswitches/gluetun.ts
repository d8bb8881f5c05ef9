/**
 * gluetun: default policies DROP first, then the exceptions; whatever belongs to a connection already known to the kernel
 * (ESTABLISHED, RELATED) is accepted in both directions; the server by address, port and network interface; the tunnel by
 * name, from the start.
 *
 * Reproduces: qdm12/gluetun, internal/firewall/enable.go at d21a9437 (the order) and internal/firewall/iptables/iptables.go
 * at 23a1a6aa (the rules), SetVPNConnection of vpn.go. Simplified: no user rules, no forwarded ports, no rule of routing
 * (priority 101) since wg-quick does the routing; its health checks (ICMP 60 s, TLS 300 s) restart the VPN and touch no
 * rule. It ends with its container: nobody restarts it here.
 */
import { noParameters } from '../contracts/reference.ts';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { both, v4, v6, type Step } from './steps.ts';

const POLICIES = ['INPUT', 'OUTPUT', 'FORWARD'];
const policies = (policy: 'DROP' | 'ACCEPT'): Step[] => [
  ...POLICIES.map((chain) => v4(`--policy ${chain} ${policy}`)),
  ...POLICIES.map((chain) => v6(`--policy ${chain} ${policy}`)),
];

export const gluetun = firewall({
  id: 'gluetun',
  title: 'gluetun',
  reproduces: 'qdm12/gluetun d21a9437, internal/firewall/enable.go; without user rules and forwarded ports',
  claims: { v4: true, v6: true, dns: true, lan: false, boot: true, reconnect: true },
  needs: IPTABLES_NEEDS,
  parameters: noParameters,
  daemon: { notice: { by: 'nothing' }, restartSeconds: null },
  steps: ({ device, nic, server, port, address4, network4, address6, network6 }) => ({
    start: [
      ...policies('DROP'),
      ...both('--append INPUT -i lo -j ACCEPT'),
      ...both('--append OUTPUT -o lo -j ACCEPT'),
      ...both('--append OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'),
      ...both('--append INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT'),
      v4(`--append OUTPUT -d ${server} -o ${nic} -p udp -m udp --dport ${port} -j ACCEPT`),
      ...both(`--append OUTPUT -o ${device} -j ACCEPT`),
      v4(`--append OUTPUT -o ${nic} -s ${address4} -d ${network4} -j ACCEPT`),
      ...(network6 === null || address6 === null
        ? []
        : [v6(`--append OUTPUT -o ${nic} -s ${address6} -d ${network6} -j ACCEPT`)]),
      v6(`--append OUTPUT -o ${nic} -d ff02::1:ff00:0/104 -j ACCEPT`),
      v4(`--append INPUT -i ${nic} -d ${network4} -j ACCEPT`),
      ...(network6 === null ? [] : [v6(`--append INPUT -i ${nic} -d ${network6} -j ACCEPT`)]),
    ],
    connected: [],
    stop: [...both('--flush'), ...both('--delete-chain'), ...policies('ACCEPT')],
  }),
});
