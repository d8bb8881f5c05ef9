/**
 * NordVPN up to 4.6: a DROP in the mangle table for each network interface there is when the kill switch is turned on,
 * with exceptions for what bears the application's connection mark. An interface that comes later is not in the list.
 *
 * Reproduces: NordSecurity/nordvpn-linux, networker/networker.go, blockTraffic («block PREROUTING & POSTROUTING», one rule
 * for each of netw.devices()) and ApiAllowlist of daemon/firewall/firewall_manager.go at 09af26af (three rules for each
 * device, CONNMARK --save-mark), inserted at the top one command at a time, IPv4 and IPv6. Simplified: no allowlist, no
 * meshnet, no IPv6 disabling; the mark is the lab's.
 */
import { noParameters } from '../contracts/reference.ts';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { both, type Step } from './steps.ts';

/** Rules in the order of insertion: each goes to the top, so the last stands first. */
function rules(nic: string, mark: number): readonly string[] {
  const note = '-m comment --comment nordvpn';
  return [
    `PREROUTING -i ${nic} ${note} -j DROP`,
    `POSTROUTING -o ${nic} ${note} -j DROP`,
    `PREROUTING -i ${nic} -m connmark --mark ${mark} ${note} -j ACCEPT`,
    `POSTROUTING -o ${nic} -m connmark --mark ${mark} ${note} -j ACCEPT`,
    `POSTROUTING -o ${nic} -m mark --mark ${mark} ${note} -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff`,
  ];
}

export const nordvpn4 = firewall({
  id: 'nordvpn-4',
  title: 'NordVPN 4 (iptables, one rule for each interface)',
  reproduces: 'NordSecurity/nordvpn-linux ≤ 4.6, networker/networker.go, blockTraffic; without allowlist and meshnet',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: true, reconnect: true },
  needs: IPTABLES_NEEDS,
  parameters: noParameters,
  daemon: { notice: { by: 'nothing' }, restartSeconds: 5 },
  steps({ nic, mark }) {
    const each = (flag: '-I' | '-D'): Step[] => rules(nic, mark).flatMap((rule) => both(`-t mangle ${flag} ${rule}`));
    return { start: each('-I'), connected: [], stop: each('-D') };
  },
});
