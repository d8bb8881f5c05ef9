/** The catalogue of kill switches: one line each. */
import type { KillSwitch, PlannedSwitch } from '../contracts/kill-switch.ts';
import { RequestError } from '../contracts/errors.ts';
import type { ParsedReference } from '../records/identity.ts';
import { lookUp, parseReferences } from '../contracts/reference.ts';
import { appKill } from './app-kill.ts';
import { clientBind } from './client-bind.ts';
import { combine } from './combination.ts';
import { none } from './none.ts';
import { appBlock } from './app-block.ts';
import { bitmask } from './bitmask.ts';
import { eddie } from './eddie.ts';
import { gluetun } from './gluetun.ts';
import { ivpn } from './ivpn.ts';
import { mozilla } from './mozilla.ts';
import { mullvad } from './mullvad.ts';
import { nordvpn } from './nordvpn.ts';
import { nordvpn4 } from './nordvpn-4.ts';
import { ownerMatch } from './owner-match.ts';
import { pia } from './pia.ts';
import { netns } from './netns.ts';
import { protonRoute } from './proton-route.ts';
import { stack } from './stack.ts';
import { systemdRestrict } from './systemd-restrict.ts';
import { ufw } from './ufw.ts';
import { firewalld } from './firewalld.ts';
import { persistTun } from './persist-tun.ts';
import { haugene } from './haugene.ts';
import { vpnfailsafe } from './vpnfailsafe.ts';
import { wgQuickPostUp } from './wg-quick-postup.ts';

export const killSwitches: readonly KillSwitch[] = [
  none,
  clientBind,
  appKill,
  appBlock,
  wgQuickPostUp,
  mullvad,
  ivpn,
  pia,
  nordvpn,
  nordvpn4,
  gluetun,
  bitmask,
  mozilla,
  eddie,
  vpnfailsafe,
  ufw,
  firewalld,
  ownerMatch,
  systemdRestrict,
  protonRoute,
  persistTun,
  haugene,
  netns,
  stack,
];

/** The kill switch with that id. Throws `RequestError` with the known ids. */
function killSwitchById(id: string): KillSwitch {
  return lookUp('kill switch', killSwitches, id);
}

/** The kill switch, or combination, that a scenario names. Throws `RequestError` that says what is allowed. */
export function killSwitchByReference(reference: string): PlannedSwitch {
  const members = parseReferences(reference);
  const ids = members.map((each) => each.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new RequestError(`«${reference}»: «${twice}» is named twice; name it once.`);
  return plannedSwitch(members);
}

/** The kill switch of those members, with the parameters given: as they are written, or as they were parsed before. */
export function plannedSwitch(members: readonly ParsedReference[]): PlannedSwitch {
  return combine(members.map(({ id, parameters }) => killSwitchById(id).plan(parameters)));
}
