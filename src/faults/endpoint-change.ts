/**
 * The tunnel goes on with another server: the peer in the client's WireGuard device is replaced by one with another key
 * at another address, while device, addresses and routes stay. A rule that lets one server through does not know it.
 *
 * Simplified: an application that changes servers itself rewrites its own rules first; here the change comes from
 * elsewhere, and the kill switch is not told.
 */
import type { Fault } from '../harness/contracts.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { armInjector } from './arm.ts';
import { tunnelHost } from './places.ts';
import { SECOND_SERVER, openSecondServer } from './second-server.ts';
import { needWireGuard, setWireGuard, wgFeed, wireGuardSettings } from './wireguard.ts';

export const endpointChange: Fault<NoParameters> = {
  id: 'endpoint-change',
  title: 'the tunnel moves to another server',
  group: 'tunnel',
  happens:
    'a server behind a pool or a name that resolves anew, a configuration that is replaced under a running tunnel',
  needs: [],
  parameters: noParameters,
  endpoints: [SECOND_SERVER],
  async arm(lab) {
    needWireGuard(lab);
    const host = tunnelHost(lab);
    const { device } = lab.tunnel;
    const settings = await wireGuardSettings(host, device);
    const second = await openSecondServer(lab);
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: () => [{ act: 'feed', argv: wgFeed('syncconf', device), input: settings.device + second.peer }],
      revert: () => lab.clock.bracket(() => setWireGuard(host, device, settings.text)),
      disarm: () => second.close(),
    });
  },
};
