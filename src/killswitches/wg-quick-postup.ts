/**
 * The "kill-switch" of the wg-quick(8) manual: two lines in the configuration file. PostUp inserts the rule once the
 * tunnel is up, PreDown removes it before the tunnel goes down. For IPv6 the manual says "additional similar lines
 * could be added using ip6tables(8)", and providers' files have them; so has this.
 *
 * Reproduces: wireguard-tools 1.0.20210914, src/man/wg-quick.8, section EXAMPLES. The lines are the manual's, word for
 * word, run by wg-quick itself. Nothing is simplified.
 */
import { noParameters } from '../contracts/reference.ts';
import { IPTABLES_NEEDS } from '../programs/packet-filters.ts';
import { engaged } from './engaged.ts';
import { attempt, nftTables, removeEmptyTables, runSteps } from './steps.ts';
import { defineKillSwitch } from './define.ts';

const TOOLS = ['iptables', 'ip6tables'] as const;
const RULE = 'OUTPUT ! -o %i -m mark ! --mark $(wg show %i fwmark) -m addrtype ! --dst-type LOCAL -j REJECT';

export const wgQuickPostUp = defineKillSwitch({
  id: 'wg-quick-postup',
  title: 'wg-quick(8) PostUp rule',
  family: 'firewall',
  reproduces: 'wireguard-tools 1.0.20210914, src/man/wg-quick.8, EXAMPLES, with the ip6tables lines it suggests',
  claims: { v4: true, v6: true, dns: true, lan: true, boot: false, reconnect: false },
  needs: IPTABLES_NEEDS,
  parameters: noParameters,
  async engage(context) {
    const { host, tunnel } = context;
    const before = await nftTables(host);
    const takeOut = TOOLS.flatMap((tool) => [
      tunnel.addHook(`PostUp = ${tool} -I ${RULE}`),
      tunnel.addHook(`PreDown = ${tool} -D ${RULE}`),
    ]);
    const { device, fwmark } = tunnel;
    const rule = RULE.replace('$(wg show %i fwmark)', String(fwmark)).replace('%i', device);
    return engaged(context, {
      async disengage() {
        for (const hook of takeOut) hook();
        // Where the tunnel is still up, or went without wg-quick, PreDown has not run.
        await runSteps(
          host,
          TOOLS.map((tool) => attempt(`${tool} -D ${rule}`)),
        );
        await removeEmptyTables(host, before);
      },
    });
  },
});
