/** Large datagrams of the tunnel disappear on the path, and nobody says so: small ones (handshakes, keepalives) pass. */
import * as z from 'zod';
import { wholeNumber } from '../contracts/reference.ts';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { armServerFilter } from './server-filter.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({
  /** Largest packet that passes, in bytes, IP header included; the tunnel's full packets are 1480. */
  mtu: wholeNumber(200, 1479).default(1280),
});

export const mtuBlackhole = defineFault({
  id: 'mtu-blackhole',
  title: 'large packets of the tunnel disappear',
  group: 'tunnel',
  happens: 'a path with a smaller MTU whose ICMP is filtered: PPPoE, mobile networks, tunnels in tunnels',
  needs: NFT_NEEDS,
  parameters,
  arm(lab, { mtu }) {
    const { port } = lab.tunnel.config.endpoint;
    return armServerFilter(lab, this.id, {
      input: `udp dport ${port} meta length > ${mtu} drop`,
      output: `udp sport ${port} meta length > ${mtu} drop`,
    });
  },
});
