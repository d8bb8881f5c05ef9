/**
 * Nothing: the placebo. Everything that a fault takes happens, the injection alone does not: an injector is started, made
 * ready and asked at the moment, and answers without having changed anything. What leaves a client in such a trial leaves
 * without a fault, and what a fault adds is told by holding its trials against these.
 */
import { PLACEBO } from '../records/identity.ts';
import { noParameters } from '../contracts/reference.ts';
import { armInjector } from './arm.ts';
import { defineFault } from './define.ts';
import { tunnelHost } from './places.ts';

export const none = defineFault({
  id: PLACEBO,
  title: 'nothing happens: the placebo',
  group: 'placebo',
  happens: 'a day on which the tunnel holds',
  needs: [],
  parameters: noParameters,
  arm(lab) {
    return armInjector({
      fault: this.id,
      host: tunnelHost(lab),
      clock: lab.clock,
      // A running ip(8) that is given no command: the same processes wait, and the same answer is waited for.
      acts: () => [{ act: 'command', program: 'ip', lines: [] }],
      revert: () => lab.clock.bracket(() => Promise.resolve()),
    });
  },
});
