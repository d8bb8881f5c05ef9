/**
 * Eddie (AirVPN), «network lock»: saves the rule set there is, flushes it, and loads its own with default drop in input,
 * forward and output; the tunnel by name, the server by address. Stopping puts the saved rule set back. The lock belongs
 * to the running application: when it starts after a crash it finds its saved rules and deactivates the lock.
 *
 * Reproduces: AirVPN/Eddie, src/Lib.Platform.Linux/NetworkLockNftables.cs at 2bd774f4 (Activation: the rules and their
 * order, with the defaults allow_dhcp, allow_private and allow_ping on) and the elevated helper's
 * netlock-nftables-activate and -deactivate (src/App.CLI.Linux.Elevated/src/impl.cpp). Simplified: counters and the
 * rules that only repeat the policy are left out; flushing and putting back is one transaction; the device is the lab's; nobody restarts the application by itself.
 */
import { noParameters } from '../contracts/reference.ts';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { firewall } from './firewall.ts';
import { command, nft, type Step } from './steps.ts';

const PRIVATE4 = ['192.168.0.0/16', '10.0.0.0/8', '172.16.0.0/12'];
/** Multicast of the local network, SSDP, SLP. */
const GROUPS4 = ['224.0.0.0/24', '239.255.255.250', '239.255.255.253'];

export const eddie = firewall({
  id: 'eddie',
  title: 'Eddie (AirVPN) network lock',
  reproduces: 'AirVPN/Eddie 2bd774f4, src/Lib.Platform.Linux/NetworkLockNftables.cs, Activation; without counters',
  claims: { v4: true, v6: true, dns: true, lan: false, boot: false, reconnect: true },
  needs: NFT_NEEDS,
  parameters: noParameters,
  daemon: { notice: { by: 'nothing' }, restartSeconds: null },
  steps({ device, server, folder }) {
    const backup = `${folder}/netlock_nftables_backup.nft`;
    const restore: Step[] = [command(`nft -f ${backup}`), command(`rm -f ${backup}`)];
    const save: Step = { ...command('nft list ruleset'), saveTo: { file: backup, first: 'flush ruleset\n' } };
    const chain = (family: 'ip' | 'ip6', name: string): string =>
      `add chain ${family} filter ${name} { type filter hook ${name.toLowerCase()} priority 0; policy drop; }`;
    const rules = `
      flush ruleset
      add table ip filter
      add table ip6 filter
      ${['INPUT', 'FORWARD', 'OUTPUT'].flatMap((name) => [chain('ip', name), chain('ip6', name)]).join('\n')}
      add rule ip filter INPUT iifname "lo" accept
      add rule ip6 filter INPUT iifname "lo" accept
      add rule ip6 filter INPUT iifname != "lo" ip6 saddr ::1 reject
      add rule ip filter INPUT ip saddr 255.255.255.255 accept
      ${PRIVATE4.map((net) => `add rule ip filter INPUT ip saddr ${net} ip daddr ${net} accept`).join('\n')}
      add rule ip6 filter INPUT ip6 saddr fe80::/10 accept
      add rule ip6 filter INPUT ip6 daddr ff00::/8 accept
      add rule ip filter INPUT icmp type echo-request accept
      add rule ip6 filter INPUT meta l4proto ipv6-icmp accept
      add rule ip6 filter INPUT rt type 0 drop
      add rule ip filter INPUT ct state related,established accept
      add rule ip6 filter INPUT ct state related,established accept
      add rule ip filter INPUT iifname "${device}" accept
      add rule ip6 filter INPUT iifname "${device}" accept
      add rule ip6 filter FORWARD rt type 0 drop
      add rule ip filter FORWARD iifname "${device}" accept
      add rule ip6 filter FORWARD iifname "${device}" accept
      add rule ip filter OUTPUT oifname "lo" accept
      add rule ip6 filter OUTPUT oifname "lo" accept
      add rule ip6 filter OUTPUT rt type 0 drop
      add rule ip filter OUTPUT ip daddr 255.255.255.255 accept
      ${PRIVATE4.map((net) => `add rule ip filter OUTPUT ip saddr ${net} ip daddr ${net} accept`).join('\n')}
      ${GROUPS4.flatMap((group) => PRIVATE4.map((net) => `add rule ip filter OUTPUT ip saddr ${net} ip daddr ${group} accept`)).join('\n')}
      add rule ip6 filter OUTPUT ip6 saddr fe80::/10 accept
      add rule ip6 filter OUTPUT ip6 daddr ff00::/8 accept
      add rule ip filter OUTPUT icmp type echo-reply accept
      add rule ip6 filter OUTPUT meta l4proto ipv6-icmp accept
      add rule ip filter OUTPUT oifname "${device}" accept
      add rule ip6 filter OUTPUT oifname "${device}" accept
      add rule ip filter OUTPUT ip daddr ${server} accept
    `;
    return { start: [save, nft(rules)], connected: [], stop: restore, afterCrash: restore };
  },
});
