/**
 * The VPN application reconnects to another server: the link goes down, and after a while the tunnel is back, with a
 * second address of the server as its endpoint. See endpoint-change for the datagrams to it.
 */
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { Fault } from '../harness/contracts.ts';
import { seconds } from '../harness/reference.ts';
import { armInjector } from './arm.ts';
import { linkDownAct } from './link-act.ts';
import { tunnelHost } from './places.ts';
import { needWireGuard, wireGuardSettings } from './wireguard.ts';

const SECOND_ADDRESS = '198.51.100.12';

const parameters = z.strictObject({
  /** How long the application takes. */
  gap: seconds.default(1),
});

export const reconnect: Fault<z.infer<typeof parameters>> = {
  id: 'reconnect',
  title: 'reconnection to another server',
  group: 'lifecycle',
  happens: 'a VPN application that changes servers by itself or because its user does',
  needs: [],
  parameters,
  async arm(lab, { gap }) {
    needWireGuard(lab);
    const host = tunnelHost(lab);
    const { vpn } = lab.hosts;
    const { device, config } = lab.tunnel;
    const { peerKey } = await wireGuardSettings(host, device);
    const { address, port } = config.endpoint;
    const endpoint = async (to: string): Promise<void> => {
      await host.run(['wg', 'set', device, 'peer', peerKey, 'endpoint', `${to}:${port}`]);
    };
    await vpn.run(['ip', 'address', 'add', `${SECOND_ADDRESS}/32`, 'dev', 'eth0']);
    return armInjector({
      fault: this.id,
      host,
      clock: lab.clock,
      acts: async () => [await linkDownAct(host, device)],
      async follow(signal) {
        await setTimeout(gap * 1000, undefined, { signal });
        await lab.tunnel.restore();
        await endpoint(SECOND_ADDRESS);
      },
      revert: () =>
        lab.clock.bracket(async () => {
          await lab.tunnel.restore();
          await endpoint(address);
        }),
      disarm: async () => {
        await vpn.run(['ip', 'address', 'del', `${SECOND_ADDRESS}/32`, 'dev', 'eth0']);
      },
    });
  },
};
