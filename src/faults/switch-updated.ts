/**
 * The kill switch is updated in place: it removes what it has put up and puts it up again, in the implementation's own
 * order. The bracket is the whole of it; what comes out meanwhile is what the trial is about.
 */
import type { Fault } from '../contracts/fault.ts';
import { Unsupported } from '../contracts/errors.ts';
import { noParameters, type NoParameters } from '../contracts/reference.ts';

export const switchUpdated: Fault<NoParameters> = {
  id: 'switch-updated',
  title: 'the kill switch is updated in place',
  group: 'filter',
  happens: 'an upgrade of the VPN application, a reload of its rules, a changed setting',
  needs: [],
  parameters: noParameters,
  arm(lab, _parameters, subjects) {
    const engaged = subjects?.engaged;
    if (engaged?.update === undefined) throw new Unsupported('this kill switch is not updated in place');
    return Promise.resolve({
      inject: () => engaged.update?.() ?? lab.clock.bracket(() => undefined),
      revert: () => lab.clock.bracket(() => undefined),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};
