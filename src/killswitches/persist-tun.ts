/**
 * OpenVPN's `persist-tun` with `redirect-gateway def1`, which many take for a kill switch: the tunnel's device, address
 * and routes stay while OpenVPN restarts for want of an answer (ping-restart), so traffic goes on into a tunnel that leads
 * nowhere. When the process itself ends, the device and the two routes 0.0.0.0/1 and 128.0.0.0/1 go with it.
 *
 * Reproduces: OpenVPN 2.6, openvpn(8): `persist-tun`, `keepalive 10 60` (ping 10, ping-restart 60), `redirect-gateway
 * def1`; the real openvpn. `v6=off` leaves IPv6 out of the tunnel, as providers' files do that redirect IPv4 alone.
 */
import * as z from 'zod';
import { engaged } from './engaged.ts';
import { OPENVPN_NEEDS, OpenVpnTunnel } from './openvpn.ts';
import { defineKillSwitch } from './define.ts';

const parameters = z.strictObject({ v6: z.enum(['on', 'off']).default('on') });

export const persistTun = defineKillSwitch({
  id: 'persist-tun',
  title: 'OpenVPN persist-tun',
  family: 'app',
  reproduces: 'OpenVPN 2.6, persist-tun with redirect-gateway def1 and keepalive 10 60; the real openvpn',
  claims: { v4: false, v6: false, dns: false, lan: false, boot: false, reconnect: true },
  ownTunnel: true,
  needs: OPENVPN_NEEDS,
  parameters,
  engage(context, { v6 }) {
    const options = ['--persist-tun', '--keepalive', '10', '60'];
    return Promise.resolve(engaged(context, { tunnel: new OpenVpnTunnel(context, { options, v6: v6 === 'on' }) }));
  },
});
