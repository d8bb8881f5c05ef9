/** The server disappears from the client's WireGuard configuration: `wg set wg0 peer KEY remove`. The device stays. */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { tunnelHost } from './places.ts';
import { needWireGuard, setWireGuard, wgFeed, wireGuardSettings } from './wireguard-settings.ts';
import { defineFault } from './define.ts';

export const peerRemoved = defineFault({
  id: 'peer-removed',
  title: 'the peer is removed from the tunnel',
  group: 'tunnel',
  happens: 'a VPN application between two servers, a provider that revokes a device, a configuration reloaded in haste',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    needWireGuard(lab);
    const host = tunnelHost(lab);
    const { device } = lab.tunnel;
    const settings = await wireGuardSettings(host, device);
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: () => [{ act: 'feed', argv: wgFeed('setconf', device), input: settings.device }],
      revert: () => lab.clock.bracket(() => setWireGuard(host, device, settings.text)),
    });
  },
});
