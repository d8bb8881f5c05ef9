/**
 * Private Internet Access: a chain of anchors in OUTPUT, in the order of their numbers; a setting `auto` in which the
 * closing REJECT is there only once a connection has been made, and `always` in which it is there from the start.
 *
 * Reproduces: pia-foss/desktop, daemon/src/linux/linux_firewall.cpp, IpTablesFirewall::install (the order of the anchors
 * 000 to 100) and updateRules; the LAN is allowed by default; install() begins with uninstall(), so that a start after a
 * crash opens a window. Connection watch: statistics every 5 s, abandoned at 60 s (its connection state machine).
 * Simplified: one chain instead of a chain for each anchor; no split tunnel, no Handshake DNS, no NAT and mangle anchors;
 * the daemon's own traffic is known by the tunnel's mark (390.allowWg) and not also by its group.
 */
import * as z from 'zod';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { attempt, both, v4, v6, type Step } from './steps.ts';

const parameters = z.strictObject({
  mode: z.enum(['auto', 'always']).default('auto'),
  /** «Allow LAN traffic», on by default. */
  lan: z.enum(['allow', 'block']).default('allow'),
});

const ROOT = 'piavpn.OUTPUT';
const LAN4 = ['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16', '224.0.0.0/4', '255.255.255.255/32'];
const LAN6 = ['fc00::/7', 'fe80::/10', 'ff00::/8'];

const uninstall: readonly Step[] = [
  ...['iptables', 'ip6tables'].flatMap((tool) => [
    attempt(`${tool} -w -D OUTPUT -j ${ROOT}`),
    attempt(`${tool} -w -F ${ROOT}`),
    attempt(`${tool} -w -X ${ROOT}`),
  ]),
];

export const pia = firewall({
  id: 'pia',
  title: 'Private Internet Access',
  reproduces: 'pia-foss/desktop, daemon/src/linux/linux_firewall.cpp, install(); one chain, without split tunnel',
  claims: { v4: true, v6: true, dns: true, lan: false, boot: false, reconnect: true },
  needs: IPTABLES_NEEDS,
  parameters,
  daemon: { notice: { by: 5, stallSeconds: 60 }, restartSeconds: 5 },
  steps({ device, mark, dns }, { mode, lan }) {
    const install = [
      ...uninstall,
      ...both(`-w -N ${ROOT}`),
      ...both(`-w -A ${ROOT} -o lo+ -j ACCEPT`),
      ...both(`-w -A ${ROOT} -m mark --mark ${mark} -j ACCEPT`),
      ...both(`-w -I OUTPUT -j ${ROOT}`),
    ];
    const anchors = [
      v4(`-w -A ${ROOT} -o ${device} -d ${dns} -p udp --dport 53 -j ACCEPT`),
      v4(`-w -A ${ROOT} -o ${device} -d ${dns} -p tcp --dport 53 -j ACCEPT`),
      ...both(`-w -A ${ROOT} -p udp --dport 53 -j REJECT`),
      ...both(`-w -A ${ROOT} -p tcp --dport 53 -j REJECT`),
      ...(lan === 'allow' ? LAN4.map((net) => v4(`-w -A ${ROOT} -d ${net} -j ACCEPT`)) : []),
      ...(lan === 'allow' ? LAN6.map((net) => v6(`-w -A ${ROOT} -d ${net} -j ACCEPT`)) : []),
      v4(`-w -A ${ROOT} -p udp -d 255.255.255.255 --sport 68 --dport 67 -j ACCEPT`),
      v6(`-w -A ${ROOT} -p udp -d ff00::/8 --sport 546 --dport 547 -j ACCEPT`),
      v6(`-w -A ${ROOT} ! -o lo+ -j REJECT`),
      ...both(`-w -A ${ROOT} -o ${device} -j ACCEPT`),
      ...both(`-w -A ${ROOT} -j REJECT`),
    ];
    return {
      start: mode === 'always' ? [...install, ...anchors] : install,
      connected: mode === 'always' ? [] : anchors,
      stop: uninstall,
      // After a crash it installs anew, and in `auto` does not know that it was connected.
      afterCrash: mode === 'always' ? [...install, ...anchors] : install,
    };
  },
});
