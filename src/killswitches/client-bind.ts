/**
 * The torrent client's own kill switch: it is told to use the tunnel's interface, or where it has no such option the
 * tunnel's address. Nothing is changed on the host; what the option does is the client's own affair.
 *
 * Reproduces: the binding options of the clients themselves, each named in its adapter under src/clients/.
 */
import { noParameters } from '../contracts/reference.ts';
import { engaged } from './engaged.ts';
import { defineKillSwitch } from './define.ts';

export const clientBind = defineKillSwitch({
  id: 'client-bind',
  title: 'client bound to the tunnel',
  family: 'client',
  reproduces: 'the client’s own binding option (interface where it has one, else address)',
  claims: { v4: true, v6: true, dns: false, lan: false, boot: true, reconnect: true },
  needs: [],
  parameters: noParameters,
  engage: (context) => Promise.resolve(engaged(context, { binding: 'interface-or-address' })),
});
