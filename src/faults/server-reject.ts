/** The server's port is closed: its host answers the tunnel's datagrams with ICMP «port unreachable». */
import { noParameters } from '../contracts/reference.ts';
import { SERVER_DEVICE } from '../programs/wireguard.ts';
import { armInjector } from './arm.ts';
import { needWireGuard, setWireGuard, wgFeed, wireGuardSettings } from './wireguard-settings.ts';
import { defineFault } from './define.ts';

/** Where the server listens meanwhile: nobody asks there. */
const ELSEWHERE = 1024;

export const serverReject = defineFault({
  id: 'server-reject',
  title: 'the VPN server refuses',
  group: 'tunnel',
  happens: 'a VPN service that is stopped or restarted on a host that stays up',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    needWireGuard(lab);
    const { vpn } = lab.hosts;
    const settings = await wireGuardSettings(vpn, SERVER_DEVICE);
    const closed = settings.text.replace(/^ListenPort = .*$/m, `ListenPort = ${ELSEWHERE}`);
    return armInjector({
      fault: this.id,
      host: vpn,
      clock: lab.clock,
      acts: () => [{ act: 'feed', argv: wgFeed('setconf', SERVER_DEVICE), input: closed }],
      revert: () => lab.clock.bracket(() => setWireGuard(vpn, SERVER_DEVICE, settings.text)),
    });
  },
});
