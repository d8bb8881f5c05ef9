/**
 * The machine moves to another network card: the old one goes, a new one comes under another name, with a lease of its
 * own. Rules that know the card by its name or its address do not know the new one.
 *
 * The cable stays the same, so that it is still the ground truth: the card is renamed and gets other addresses. Its index
 * and its Ethernet address stay, which a real second card's would not.
 */
import * as z from 'zod';
import { ADDRESS } from '../contracts/addresses.ts';
import { armInjector } from './arm.ts';
import { ipBatch, linkRestoration, uplinkOf } from './places.ts';
import { defineFault } from './define.ts';

const parameters = z.strictObject({ lease: z.enum(['new', 'same']).default('new') });

const NEW_NAME = 'eth1';
const FAMILIES = ['v4', 'v6'] as const;

const withNewLease = (line: string, family: 'v4' | 'v6'): string =>
  line.replace(`address replace ${ADDRESS.client[family]}/`, `address replace ${ADDRESS.clientRoamed[family]}/`);

export const roaming = defineFault({
  id: 'roaming',
  title: 'another network card takes over',
  group: 'routing',
  happens: 'from cable to Wi-Fi, from Wi-Fi to a telephone, a dock unplugged',
  needs: [],
  parameters,
  async arm(lab, { lease }) {
    const { client } = lab.hosts;
    const { device } = await uplinkOf(client);
    const before = await linkRestoration(client, device);
    const after = before.map((line) => {
      const renamed = line.replaceAll(device, NEW_NAME);
      return lease === 'new' ? FAMILIES.reduce(withNewLease, renamed) : renamed;
    });
    return armInjector({
      fault: this.id,
      host: client,
      clock: lab.clock,
      acts: () => [
        {
          act: 'command',
          program: 'ip',
          lines: [
            `link set dev ${device} down`,
            `link set dev ${device} name ${NEW_NAME}`,
            `address flush dev ${NEW_NAME} scope global`,
            ...after,
          ],
        },
      ],
      revert: () =>
        lab.clock.bracket(() =>
          ipBatch(client, [
            `link set dev ${NEW_NAME} down`,
            `link set dev ${NEW_NAME} name ${device}`,
            `address flush dev ${device} scope global`,
            ...before,
          ]),
        ),
    });
  },
});
