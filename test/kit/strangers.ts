/** Plugins of no catalogue, as a stranger has them who holds their own to the compliance suites. */
import { clientById } from '../../src/clients/index.ts';
import type { TorrentClient } from '../../src/contracts/client.ts';
import { noParameters } from '../../src/contracts/reference.ts';
import { defineFault } from '../../src/faults/define.ts';
import { faultByReference } from '../../src/faults/index.ts';
import { defineKillSwitch } from '../../src/killswitches/define.ts';
import { killSwitchByReference } from '../../src/killswitches/index.ts';

const none = killSwitchByReference('none');
const linkDown = faultByReference('link-down');

export const client: TorrentClient = { ...clientById('aria2'), id: 'strange-client', title: "a stranger's client" };

export const killSwitch = defineKillSwitch({
  ...none,
  id: 'strange-switch',
  title: "a stranger's kill switch",
  parameters: noParameters,
  engage: (context) => none.engage(context),
});

export const fault = defineFault({
  ...linkDown,
  id: 'strange-fault',
  title: "a stranger's fault",
  parameters: noParameters,
  arm: (lab, _parameters, subjects) => linkDown.arm(lab, subjects),
});
