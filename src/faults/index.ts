/** The catalogue of faults: one line each. */
import type { Fault, PlannedFault } from '../contracts/fault.ts';
import { RequestError } from '../contracts/errors.ts';
import type { ParsedReference } from '../records/identity.ts';
import { lookUp, parseReferences } from '../contracts/reference.ts';
import { clientRestart } from './client-restart.ts';
import { coldStart } from './cold-start.ts';
import { daemonKilled } from './daemon-killed.ts';
import { daemonStopped } from './daemon-stopped.ts';
import { deviceRecreated } from './device-recreated.ts';
import { dnsReplaced } from './dns-replaced.ts';
import { endpointChange } from './endpoint-change.ts';
import { firewallReload } from './firewall-reload.ts';
import { flap } from './flap.ts';
import { handshakeExpiry } from './handshake-expiry.ts';
import { iptablesFlush } from './iptables-flush.ts';
import { ipv6Arrives } from './ipv6-arrives.ts';
import { keyRotated } from './key-rotated.ts';
import { linkDeleted } from './link-deleted.ts';
import { linkDown } from './link-down.ts';
import { metricHijack } from './metric-hijack.ts';
import { mtuBlackhole } from './mtu-blackhole.ts';
import { nftFlush } from './nft-flush.ts';
import { none } from './none.ts';
import { peerRemoved } from './peer-removed.ts';
import { reconnect } from './reconnect.ts';
import { roaming } from './roaming.ts';
import { routeLost } from './route-lost.ts';
import { ruleLost } from './rule-lost.ts';
import { serverBlackhole } from './server-blackhole.ts';
import { serverGone } from './server-gone.ts';
import { serverReject } from './server-reject.ts';
import { specificRoute } from './specific-route.ts';
import { suspend } from './suspend.ts';
import { switchKilled } from './switch-killed.ts';
import { switchUpdated } from './switch-updated.ts';
import { tunnelRestarted } from './tunnel-restarted.ts';
import { uplinkFlap } from './uplink-flap.ts';

export const faults: readonly Fault[] = [
  none,
  linkDown,
  linkDeleted,
  deviceRecreated,
  daemonKilled,
  daemonStopped,
  peerRemoved,
  keyRotated,
  serverBlackhole,
  serverReject,
  serverGone,
  endpointChange,
  handshakeExpiry,
  mtuBlackhole,
  flap,
  routeLost,
  ruleLost,
  specificRoute,
  metricHijack,
  uplinkFlap,
  roaming,
  ipv6Arrives,
  dnsReplaced,
  iptablesFlush,
  nftFlush,
  firewallReload,
  switchKilled,
  switchUpdated,
  tunnelRestarted,
  reconnect,
  suspend,
  clientRestart,
  coldStart,
];

/** The fault with that id. Throws `RequestError` with the known ids. */
export function faultById(id: string): Fault {
  return lookUp('fault', faults, id);
}

/** The fault that a scenario names, e.g. `flap(period=4s)`. Throws `RequestError` that says what is allowed. */
export function faultByReference(reference: string): PlannedFault {
  const [first, ...others] = parseReferences(reference);
  if (first === undefined || others.length > 0) {
    throw new RequestError(`«${reference}»: a trial has one fault; list several as several entries of «faults».`);
  }
  return plannedFault(first);
}

/** The fault with the parameters given: as they are written, or as they were parsed before. */
export function plannedFault({ id, parameters }: ParsedReference): PlannedFault {
  return faultById(id).plan(parameters);
}
