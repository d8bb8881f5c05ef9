/**
 * A second default route appears in the main table and wins over the first: another card with a better metric. Routing
 * that asks the main table before the tunnel's for a default route follows it; wg-quick's does not ask it for one.
 */
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { ipBatch, uplinkOf } from './places.ts';
import { defineFault } from './define.ts';

/** Attribute that the first route does not have, so that the kernel keeps both. */
const MARK = 'mtu 1492';

export const metricHijack = defineFault({
  id: 'metric-hijack',
  title: 'a second default route with the better metric',
  group: 'routing',
  happens: 'a telephone or dock plugged in, a second network, a virtual machine’s bridge',
  needs: [],
  parameters: noParameters,
  async arm(lab) {
    const { client } = lab.hosts;
    const { device, gateway4 } = await uplinkOf(client);
    const route = `0.0.0.0/0 via ${gateway4} dev ${device} metric 0 ${MARK}`;
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [{ act: 'command', program: 'ip', lines: [`route prepend ${route}`] }],
      revert: () => lab.clock.bracket(() => ipBatch(client, [`route del ${route}`])),
    });
  },
});
