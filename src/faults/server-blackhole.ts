/**
 * The VPN server falls silent: it takes no datagram of the tunnel and sends none, and nobody says so (no ICMP). The
 * client's device, addresses and routes all stay. One transaction of a running nft(8) on the server.
 */
import type { Fault, Host } from '../harness/contracts.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { armInjector } from './arm.ts';

const TABLE = 'inet fault_blackhole';

export const serverBlackhole: Fault<NoParameters> = {
  id: 'server-blackhole',
  title: 'the VPN server falls silent',
  group: 'tunnel',
  happens: 'a server that dies or is cut off, a path that starts to drop the tunnel’s datagrams, a provider’s outage',
  needs: [{ command: 'nft', package: 'nftables' }],
  parameters: noParameters,
  async arm(lab) {
    const { vpn } = lab.hosts;
    const { port } = lab.tunnel.config.endpoint;
    await nft(
      vpn,
      `table ${TABLE} {
         chain input { type filter hook input priority raw; }
         chain output { type filter hook output priority raw; }
       }`,
    );
    return armInjector({
      fault: this.id,
      host: vpn,
      clock: lab.clock,
      acts: () => [
        {
          act: 'command',
          program: 'nft',
          lines: [`add rule ${TABLE} input udp dport ${port} drop`, `add rule ${TABLE} output udp sport ${port} drop`],
        },
      ],
      revert: () => lab.clock.bracket(() => nft(vpn, `flush table ${TABLE}`)),
      disarm: () => nft(vpn, `delete table ${TABLE}`),
    });
  },
};

async function nft(host: Host, commands: string): Promise<void> {
  await host.run(['nft', '-f', '-'], { input: commands });
}
