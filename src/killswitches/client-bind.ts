/**
 * The torrent client's own kill switch: it is told to use the tunnel's interface, or where it has no such option the
 * tunnel's address. Nothing is changed on the host; what the option does is the client's own affair.
 *
 * Reproduces: the binding options of the clients themselves, each named in its adapter under src/clients/.
 */
import type { KillSwitch } from '../contracts/kill-switch.ts';
import { noParameters, type NoParameters } from '../contracts/reference.ts';
import { engaged } from './engaged.ts';

export const clientBind: KillSwitch<NoParameters> = {
  id: 'client-bind',
  title: 'client bound to the tunnel',
  family: 'client',
  reproduces: 'the client’s own binding option (interface where it has one, else address)',
  claims: { v4: true, v6: true, dns: false, lan: false, boot: true, reconnect: true },
  needs: [],
  parameters: noParameters,
  engage: (context) => Promise.resolve(engaged(context, { binding: 'interface-or-address' })),
};
