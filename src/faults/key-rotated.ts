/**
 * The server gets another key: sessions end, and the client's handshakes are not understood any more. Nothing on the
 * client says so.
 */
import { randomBytes } from 'node:crypto';
import { noParameters } from '../contracts/reference.ts';
import { SERVER_DEVICE } from '../programs/wireguard.ts';
import { armInjector } from './arm.ts';
import { needWireGuard, setWireGuard, wgFeed, wireGuardSettings } from './wireguard-settings.ts';
import { defineFault } from './define.ts';

export const keyRotated = defineFault({
  id: 'key-rotated',
  title: 'the server’s key changes',
  group: 'tunnel',
  happens: 'a provider that rotates its keys or rebuilds a server, an account whose device was removed',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    needWireGuard(lab);
    const { vpn } = lab.hosts;
    const settings = await wireGuardSettings(vpn, SERVER_DEVICE);
    // Any 32 bytes will do: WireGuard clamps them itself.
    const other = settings.text.replace(/^PrivateKey = .*$/m, `PrivateKey = ${randomBytes(32).toString('base64')}`);
    return armInjector({
      fault: this.id,
      host: vpn,
      clock: lab.clock,
      acts: () => [{ act: 'feed', argv: wgFeed('setconf', SERVER_DEVICE), input: other }],
      revert: () => lab.clock.bracket(() => setWireGuard(vpn, SERVER_DEVICE, settings.text)),
    });
  },
});
