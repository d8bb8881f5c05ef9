/**
 * A route more specific than the tunnel's default appears, over the physical network: what a DHCP server on the local
 * network can hand out (option 121, «TunnelVision»), or claim as its own network («LocalNet»). IPv4 alone, as DHCP's.
 *
 * Reproduces: RFC 3442; CVE-2024-3661 (TunnelVision), CVE-2023-36672 and -35838 (LocalNet, TunnelCrack).
 */
import * as z from 'zod';
import { SWARM_PARTS } from '../contracts/addresses.ts';
import { armInjector } from './arm.ts';
import { ipBatch, uplinkOf } from './places.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({
  /** Part of the swarm that is reached over the route. */
  to: z.enum(['tracker', 'dht', 'peers', 'swarm']).default('tracker'),
});

export const specificRoute = defineFault({
  id: 'specific-route',
  title: 'a more specific route past the tunnel',
  group: 'routing',
  happens: 'a rogue or careless DHCP server (option 121), a hotspot that claims public addresses as its own network',
  needs: [],
  parameters,
  async arm(lab, { to }) {
    const { client } = lab.hosts;
    const { device, gateway4 } = await uplinkOf(client);
    const route = `${SWARM_PARTS[to]} via ${gateway4} dev ${device}`;
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'ip', lines: [`route add ${route}`] }],
      revert: () => lab.clock.bracket(() => ipBatch(client, [`route del ${route}`])),
    });
  },
});
