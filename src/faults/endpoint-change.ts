/**
 * The tunnel goes on with another server: the peer in the client's WireGuard device is replaced by one with another key
 * at another address, while device, addresses and routes stay. A rule that lets one server through does not know it.
 *
 * Simplified: an application that changes servers itself rewrites its own rules first; here the change comes from
 * elsewhere, and the kill switch is not told.
 */
import { SECOND_SERVER } from '../contracts/addresses.ts';
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { openSecondServer } from './second-server.ts';
import { setWireGuard, wgFeed } from './wireguard-settings.ts';
import { defineFault } from './define.ts';

export const endpointChange = defineFault({
  id: 'endpoint-change',
  title: 'the tunnel moves to another server',
  group: 'tunnel',
  happens:
    'a server behind a pool or a name that resolves anew, a configuration that is replaced under a running tunnel',
  needs: [],
  parameters: noParameters,
  endpoints: [SECOND_SERVER],
  async arm(lab) {
    const { host, device, first, second, close } = await openSecondServer(lab);
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: () => [{ act: 'feed', argv: wgFeed('syncconf', device), input: second }],
      revert: () => lab.clock.bracket(() => setWireGuard(host, device, first)),
      disarm: close,
    });
  },
});
