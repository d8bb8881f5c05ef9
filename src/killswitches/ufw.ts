/**
 * ufw as users set it up for a VPN: nothing goes out but through the tunnel's interface and to the VPN server. The real
 * tool, in the real order; ufw's own framework comes with it: what belongs to a known connection is accepted, and its
 * reload (`update`) takes the rules down and puts them up again.
 *
 * Reproduces: ufw 0.36 of the distribution with the recipe in ufw's community documentation and countless guides: `ufw
 * default deny outgoing`, `ufw default deny incoming`, `ufw allow out on wg0`, `ufw allow out to SERVER port PORT proto
 * udp`, `ufw enable`. Nothing is simplified.
 */
import type { Host } from '../contracts/host.ts';
import { noParameters } from '../contracts/reference.ts';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { engaged } from './engaged.ts';
import { attempt, command, nftTables, removeEmptyTables, runSteps, type Step } from './steps.ts';
import { defineKillSwitch } from './define.ts';

/** What /etc/ufw/sysctl.conf sets, and `ufw disable` does not set back. */
const SYSCTLS = [
  'net.ipv4.conf.all.accept_redirects',
  'net.ipv4.conf.default.accept_redirects',
  'net.ipv6.conf.all.accept_redirects',
  'net.ipv6.conf.default.accept_redirects',
  'net.ipv4.icmp_echo_ignore_broadcasts',
  'net.ipv4.icmp_ignore_bogus_error_responses',
  'net.ipv4.icmp_echo_ignore_all',
  'net.ipv4.conf.all.log_martians',
  'net.ipv4.conf.default.log_martians',
];

export const ufw = defineKillSwitch({
  id: 'ufw',
  title: 'ufw with outgoing traffic denied',
  family: 'firewall',
  reproduces: 'ufw 0.36, the recipe of its community documentation; the real tool',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: true, reconnect: true },
  needs: [{ command: 'ufw', package: 'ufw' }, ...IPTABLES_NEEDS],
  parameters: noParameters,
  async engage(context) {
    const { host, tunnel, clock } = context;
    const { address, port } = tunnel.config.endpoint;
    const before = await nftTables(host);
    const sysctls = (await host.run(['sysctl', '-e', ...SYSCTLS])).stdout.replaceAll(' = ', '=').trim().split('\n');
    await runSteps(host, [
      command('ufw default deny incoming'),
      command('ufw default deny outgoing'),
      command(`ufw allow out on ${tunnel.device}`),
      command(`ufw allow out to ${address} port ${port} proto udp`),
      command('ufw --force enable'),
    ]);
    return engaged(context, {
      update: () => clock.bracket(() => runSteps(host, [command('ufw reload')])),
      async disengage() {
        await runSteps(host, [command('ufw --force disable'), command('ufw --force reset')]);
        for (const tool of ['iptables', 'ip6tables'] as const) await runSteps(host, await leftovers(host, tool));
        await host.run(['sysctl', '-q', '-w', ...sysctls]);
        await removeEmptyTables(host, before);
      },
    });
  },
});

/** ufw leaves its chains standing, empty, and the jumps to them. */
async function leftovers(host: Host, tool: 'iptables' | 'ip6tables'): Promise<readonly Step[]> {
  const lines = (await host.run([tool, '-S'])).stdout.split('\n');
  const chains = lines.flatMap((line) => /^-N (ufw6?-\S+)/.exec(line)?.[1] ?? []);
  const jumps = lines.filter((line) => /^-A [A-Z]+ -j ufw/.test(line)).map((line) => line.replace('-A', '-D'));
  return [
    ...jumps.map((jump) => attempt(`${tool} ${jump}`)),
    ...chains.map((chain) => attempt(`${tool} -F ${chain}`)),
    ...chains.map((chain) => attempt(`${tool} -X ${chain}`)),
  ];
}
