/**
 * vpnfailsafe: a script that OpenVPN runs when the tunnel comes up: hosts, routes, resolver, and the firewall last; IPv4
 * only; traffic to private networks off the tunnel is passed on to whatever rules come after. When the tunnel goes down
 * it removes the routes and the resolver and leaves the firewall.
 *
 * Reproduces: wknapik/vpnfailsafe, vpnfailsafe.sh at 0444ed3c, update_routes and update_firewall in the order of main().
 * Simplified: run when the lab's WireGuard tunnel is up, with its server by address (no hosts entries); the resolver is
 * wg-quick's; the echo rules for the server are left out.
 */
import { noParameters } from '../contracts/reference.ts';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { attempt, command, v4, type Step } from './steps.ts';

const PRIVATE = '127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16';
/** ifconfig_netmask, which OpenVPN gives in its usual topology: the server, and its resolver, are in the tunnel's network. */
const NETMASK = '255.255.255.0';
const HALVES = ['0.0.0.0/1', '128.0.0.0/1'];
const CHAINS = ['INPUT', 'OUTPUT', 'FORWARD'] as const;

export const vpnfailsafe = firewall({
  id: 'vpnfailsafe',
  title: 'vpnfailsafe',
  reproduces: 'wknapik/vpnfailsafe 0444ed3c, vpnfailsafe.sh; run for the lab’s WireGuard tunnel, without hosts entries',
  claims: { v4: true, v6: false, dns: true, lan: false, boot: false, reconnect: true },
  needs: IPTABLES_NEEDS,
  parameters: noParameters,
  daemon: null,
  steps({ device, nic, gateway4, server, port, tunnel4 }) {
    const chain = (name: (typeof CHAINS)[number]): Step[] => {
      const own = `VPNFAILSAFE_${name}`;
      const [io, sd, states] = name === 'INPUT' ? ['i', 's', ''] : ['o', 'd', 'NEW,'];
      const known = `-m conntrack --ctstate ${states}RELATED,ESTABLISHED`;
      return [
        v4(`-N ${own}`),
        v4(`-I ${name} -j ${own}`),
        ...(name === 'FORWARD'
          ? []
          : [
              v4(`-A ${own} -p udp -${sd} ${server} --${sd}port ${port} ${known} -${io} ${nic} -j ACCEPT`),
              v4(`-A ${own} -${sd} ${tunnel4}/${NETMASK} -${io} ${device} -j RETURN`),
            ]),
        v4(`-A ${own} -${sd} ${PRIVATE} ! -${io} ${device} -j RETURN`),
        ...(name === 'INPUT' ? [v4(`-A ${own} -s ${PRIVATE} -i ${device} -j DROP`)] : []),
        v4(`-A ${own} -${io} ${device} -j RETURN`),
        v4(`-A ${own} -${io} lo+ -j RETURN`),
        v4(`-A ${own} -j DROP`),
      ];
    };
    return {
      start: [],
      connected: [
        command(`ip route add ${server} via ${gateway4}`),
        ...HALVES.map((half) => command(`ip route add ${half} dev ${device}`)),
        ...CHAINS.flatMap(chain),
      ],
      stop: [
        ...[server, ...HALVES].map((route) => attempt(`ip route del ${route}`)),
        // What its README tells users to do (extras/vpnfailsafe_reset.sh): the script itself leaves the rules.
        ...CHAINS.flatMap((name) => [
          attempt(`iptables -D ${name} -j VPNFAILSAFE_${name}`),
          attempt(`iptables -F VPNFAILSAFE_${name}`),
          attempt(`iptables -X VPNFAILSAFE_${name}`),
        ]),
      ],
    };
  },
});
