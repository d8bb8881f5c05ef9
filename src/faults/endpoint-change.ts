/**
 * The tunnel goes on with another server: the peer's endpoint on the client becomes a second address of the same server,
 * while device, keys and routes stay. A rule that lets one server through does not know it.
 *
 * WireGuard roams: the first datagram that the server still sends from its first address takes the client back to it. In
 * a busy tunnel that is before the client has sent one to the second, and the fault passes unnoticed.
 *
 * Datagrams to the second address are the tunnel's too; an analysis that knows the first endpoint alone counts them as
 * clear.
 */
import type { Fault } from '../harness/contracts.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { armInjector } from './arm.ts';
import { tunnelHost } from './places.ts';
import { needWireGuard, wgFeed, wireGuardSettings } from './wireguard.ts';

/** In the server's own documentation range. */
const SECOND_ADDRESS = '198.51.100.11';

export const endpointChange: Fault<NoParameters> = {
  id: 'endpoint-change',
  title: 'the tunnel moves to another server address',
  group: 'tunnel',
  happens: 'a VPN application that changes servers, a provider’s name that resolves anew, a server behind a pool',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    needWireGuard(lab);
    const host = tunnelHost(lab);
    const { vpn } = lab.hosts;
    const { device, config } = lab.tunnel;
    const { text, device: section, peerKey } = await wireGuardSettings(host, device);
    const { address, port } = config.endpoint;
    // The whole peer: `wg addconf` takes the allowed addresses it is not told again for none.
    const moved = text.slice(section.length).replace(/^Endpoint = .*$/m, `Endpoint = ${SECOND_ADDRESS}:${port}`);
    await vpn.run(['ip', 'address', 'add', `${SECOND_ADDRESS}/32`, 'dev', 'eth0']);
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: () => [{ act: 'feed', argv: wgFeed('addconf', device), input: moved }],
      revert: () =>
        lab.clock.bracket(async () => {
          await host.run(['wg', 'set', device, 'peer', peerKey, 'endpoint', `${address}:${port}`]);
        }),
      disarm: async () => {
        await vpn.run(['ip', 'address', 'del', `${SECOND_ADDRESS}/32`, 'dev', 'eth0']);
      },
    });
  },
};
