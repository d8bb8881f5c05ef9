/**
 * The kill switch is updated in place: it removes what it has put up and puts it up again, in the implementation's own
 * order. The bracket is the whole of it; what comes out meanwhile is what the trial is about.
 */
import { updateOf } from './of-the-switch.ts';
import { noParameters } from '../contracts/reference.ts';
import { defineFault } from './define.ts';

export const switchUpdated = defineFault({
  id: 'switch-updated',
  title: 'the kill switch is updated in place',
  group: 'filter',
  happens: 'an upgrade of the VPN application, a reload of its rules, a changed setting',
  ofTheSwitch: true,
  needs: [],
  parameters: noParameters,
  arm(lab, _parameters, subjects) {
    const update = updateOf(subjects.engaged);
    return Promise.resolve({
      inject: update,
      revert: () => lab.clock.bracket(() => undefined),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
});
