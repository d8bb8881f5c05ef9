/**
 * The VPN server falls silent: nothing of the tunnel reaches it any more or comes from it, and nobody says so (no
 * ICMP). The client's device, addresses and routes all stay.
 *
 * A null route on the server's host, as a provider's router has it for an attacked customer: `ip route add blackhole`
 * for the address the tunnel's datagrams come from. It stops what the server sends; strict reverse-path filtering, set
 * when arming, makes the same route stop what it receives.
 */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { defineFault } from './define.ts';

const REVERSE_PATH = 'net.ipv4.conf.eth0.rp_filter';

export const serverBlackhole = defineFault({
  id: 'server-blackhole',
  title: 'the VPN server falls silent',
  group: 'tunnel',
  happens: 'a server that dies or is cut off, a path that starts to drop the tunnel’s datagrams, a provider’s outage',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    const { vpn } = lab.hosts;
    const route = `${lab.identity.wan4}/32`;
    const before = (await vpn.run(['sysctl', '-n', REVERSE_PATH])).stdout.trim();
    await vpn.run(['sysctl', '-q', '-w', `${REVERSE_PATH}=1`]);
    return armInjector({
      fault: this.id,
      host: vpn,
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'ip', lines: [`route add blackhole ${route}`] }],
      revert: () =>
        lab.clock.bracket(async () => {
          await vpn.run(['ip', 'route', 'del', 'blackhole', route]);
        }),
      disarm: async () => {
        await vpn.run(['sysctl', '-q', '-w', `${REVERSE_PATH}=${before}`]);
      },
    });
  },
});
