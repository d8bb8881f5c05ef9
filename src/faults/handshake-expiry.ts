/**
 * Handshakes stop being answered while data still passes: the session lives on until it has expired, 180 s after its
 * last handshake (WireGuard's Reject-After-Time), and then there is none. Only a trial that observes for longer than that
 * sees the end of it.
 */
import { noParameters } from '../contracts/reference.ts';
import { NFT_NEEDS } from '../programs/packet-filters.ts';
import { armServerFilter } from './server-filter.ts';
import { needWireGuard } from './wireguard-settings.ts';
import { defineFault } from './define.ts';

/** WireGuard's message types 1 (initiation) and 2 (response): the first byte of the datagram. */
const HANDSHAKE = '@th,64,8 { 1, 2 }';

export const handshakeExpiry = defineFault({
  id: 'handshake-expiry',
  title: 'the session expires',
  group: 'tunnel',
  happens: 'a server that forgets its peers, a path that filters handshakes by their shape',
  needs: NFT_NEEDS,
  parameters: noParameters,
  arm(lab) {
    needWireGuard(lab);
    const { port } = lab.tunnel.config.endpoint;
    return armServerFilter(lab, this.id, {
      input: `udp dport ${port} ${HANDSHAKE} drop`,
      output: `udp sport ${port} ${HANDSHAKE} drop`,
    });
  },
});
