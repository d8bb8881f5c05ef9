/**
 * Kill switch that a user's own stack of containers brings itself. The arm `none` of such a stack has it switched off
 * by the stack (docs/docker.md, «Your own stack»).
 *
 * Reproduces: nothing; it is the real thing, and engages nothing. It claims nothing either: the lab does not know it.
 */
import { noParameters } from '../contracts/reference.ts';
import { engaged } from './engaged.ts';
import { defineKillSwitch } from './define.ts';

export const stack = defineKillSwitch({
  id: 'stack',
  title: 'the stack’s own kill switch',
  family: 'combined',
  reproduces: 'nothing: whatever the user’s stack brings runs itself',
  claims: { v4: false, v6: false, dns: false, lan: false, boot: false, reconnect: false },
  needs: [],
  parameters: noParameters,
  engage: (context) => Promise.resolve(engaged(context, {})),
});
