/**
 * The resolver is replaced: /etc/resolv.conf names the network's resolver instead of the tunnel's, as after a renewed
 * lease. One write into the file that is there.
 */
import { ADDRESS } from '../contracts/addresses.ts';
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { defineFault } from './define.ts';

const FILE = '/etc/resolv.conf';

export const dnsReplaced = defineFault({
  id: 'dns-replaced',
  title: 'the resolver is replaced',
  group: 'routing',
  happens: 'a DHCP client that renews its lease, systemd-resolved and NetworkManager at odds with the VPN application',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    const { client } = lab.hosts;
    const before = (await client.run(['cat', FILE])).stdout;
    const path = (await client.run(['readlink', '-f', FILE])).stdout.trim();
    // One write replaces the beginning; blank lines cover the rest.
    const text = `nameserver ${ADDRESS.resolver.v4}\n`.padEnd(before.length, '\n');
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [{ act: 'write', path, text, idle: before }],
      revert: () =>
        lab.clock.bracket(async () => {
          await client.run(['tee', path], { input: before });
        }),
    });
  },
});
