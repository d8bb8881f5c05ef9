/** The tunnel's device is deleted: `ip link del wg0`. A userspace daemon finds its device gone and ends. */
import type { Fault } from '../harness/contracts.ts';
import { noParameters, type NoParameters } from '../harness/reference.ts';
import { armInjector } from './arm.ts';
import { tunnelHost } from './places.ts';

export const linkDeleted: Fault<NoParameters> = {
  id: 'link-deleted',
  title: 'the tunnel device is deleted',
  group: 'tunnel',
  happens: 'a network manager that removes the connection, an update of the VPN application, `wg-quick down` cut short',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    return armInjector({
      fault: this.id,
      host: tunnelHost(lab),
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'ip', lines: [`link del dev ${lab.tunnel.device}`] }],
      revert: () => lab.tunnel.restore(),
    });
  },
};
