/**
 * The physical network gains IPv6 in the middle of a session, with a tunnel that has none: a router begins to advertise a
 * prefix, and the kernel adds an address and a default route. Arming takes IPv6 away from the uplink and from the tunnel.
 *
 * Simplified: the address and the route are added as the kernel adds them for a router advertisement (`proto ra`), by one
 * write to a running ip(8); the advertisement itself is not sent.
 */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { ipBatch, linkRestoration, tunnelHost, uplinkOf } from './places.ts';
import { defineFault } from './define.ts';

export const ipv6Arrives = defineFault({
  id: 'ipv6-arrives',
  title: 'the uplink gains IPv6, the tunnel has none',
  group: 'routing',
  happens:
    'a router that is updated or restarted, a network joined that has IPv6, a neighbour that shares its connection',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    const { client } = lab.hosts;
    const { device } = await uplinkOf(client);
    const six = (await linkRestoration(client, device)).filter((line) => / \S*:\S*/.test(line));
    const advertised = six.map((line) => (line.startsWith('route') ? `${line} proto ra` : line));
    const remove = six.map((line) => line.replace(/ (?:replace) /, ' del ').replace(' nodad', ''));
    const { tunnel } = lab;
    const without = async (): Promise<void> => {
      await ipBatch(client, remove.reverse());
      await tunnelHost(lab).run(['ip', '-6', 'address', 'flush', 'dev', tunnel.device, 'scope', 'global']);
      await client.run(['ip', '-6', 'route', 'flush', 'table', String(tunnel.fwmark)], { anyStatus: true });
      await client.run(['ip', '-6', 'rule', 'del', 'table', String(tunnel.fwmark)], { anyStatus: true });
    };
    await without();
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'ip', lines: advertised }],
      revert: () => lab.clock.bracket(() => ipBatch(client, [...remove])),
      async disarm() {
        await ipBatch(client, six, true);
        await tunnel.restore();
      },
    });
  },
});
