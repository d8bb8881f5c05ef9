/**
 * Absence of a kill switch: the tunnel as wg-quick(8) brings it up, and nothing more. The arm every other one is
 * compared with.
 *
 * Reproduces: wireguard-tools 1.0.20210914, src/wg-quick/linux.bash, add_default(): policy routing by firewall mark,
 * `suppress_prefixlength 0`, and the table that drops packets for the tunnel's address from elsewhere. Nothing is
 * simplified: the lab runs wg-quick itself.
 */
import { noParameters } from '../contracts/reference.ts';
import { engaged } from './engaged.ts';
import { defineKillSwitch } from './define.ts';

export const none = defineKillSwitch({
  id: 'none',
  title: 'no kill switch',
  family: 'none',
  reproduces: 'wireguard-tools 1.0.20210914, src/wg-quick/linux.bash; the lab runs wg-quick itself',
  claims: { v4: false, v6: false, dns: false, lan: false, boot: false, reconnect: false },
  needs: [],
  parameters: noParameters,
  engage: (context) => Promise.resolve(engaged(context, {})),
});
