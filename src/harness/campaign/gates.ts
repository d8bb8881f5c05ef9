/**
 * What a scenario may not say although every field of it is well formed: a name given twice, an exclusion or a requirement
 * that is about nothing, a tracker that nobody runs. Names are the same when they are parsed to the same, however they are
 * written: `app-kill` and `app-kill(poll=2s)`.
 */
import { RequestError } from '../../contracts/errors.ts';
import { parseReferences } from '../../contracts/reference.ts';
import { killSwitchByReference } from '../../killswitches/index.ts';
import { servedBy } from '../trial/trackers.ts';
import type { Conditions } from '../../records/conditions.ts';
import { KINDS, LISTS, SPOKEN, hasName, namedTwice } from './cell-names.ts';
import { withArms, type Planned } from './arms.ts';

export interface Complaint {
  /** Place of what is wrong, from the top of the scenario. */
  readonly where: (string | number)[];
  /** Value, what is allowed and the next step. */
  readonly message: string;
}

export interface Gated extends Planned {
  readonly mustNotLeak: readonly string[];
  readonly torrent: Conditions['torrent'];
  readonly infrastructure: readonly string[];
}

/** The kill switches that an entry of `mustNotLeak` is about: without parameters, the switch with any. */
function requiredOf(entry: string, killSwitches: readonly string[]): readonly string[] {
  return killSwitches.filter((killSwitch) => {
    try {
      const [required, has] = [killSwitchByReference(entry).parsed, killSwitchByReference(killSwitch).parsed];
      const open = parseReferences(entry).map(({ parameters }) => Object.keys(parameters).length === 0);
      return (
        required.length === has.length &&
        required.every(({ id, parameters }, at) => {
          const other = has[at];
          return (
            id === other?.id && (open[at] === true || JSON.stringify(parameters) === JSON.stringify(other.parameters))
          );
        })
      );
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return entry === killSwitch;
    }
  });
}

/** The scenario's kill switches that must not leak, as they stand in its cells. */
export function requiredSwitches({ mustNotLeak, killSwitches }: Pick<Gated, 'mustNotLeak' | 'killSwitches'>): string[] {
  const required = new Set(mustNotLeak.flatMap((entry) => requiredOf(entry, killSwitches)));
  return killSwitches.filter((each) => required.has(each));
}

/** All that is wrong with a scenario's file as a whole. */
export function complaintsOf(scenario: Gated): Complaint[] {
  return [...twice(scenario), ...pointless(scenario), ...unrequired(scenario), ...unserved(scenario)];
}

function twice(scenario: Gated): Complaint[] {
  const cells = KINDS.flatMap((kind) =>
    namedTwice(kind, scenario[LISTS[kind]]).map(({ at, message }) => ({ where: [LISTS[kind], at], message })),
  );
  const beside = scenario.infrastructure.flatMap((name, at, all) =>
    all.indexOf(name) === at
      ? []
      : [{ where: ['infrastructure', at], message: `«${name}» is named twice: take one of them out` }],
  );
  return [...cells, ...beside];
}

function pointless(scenario: Gated): Complaint[] {
  return scenario.exclude.flatMap((exclusion, at) =>
    KINDS.flatMap((kind) => {
      const name = exclusion[kind];
      const names = withArms(scenario)[LISTS[kind]];
      if (name === undefined || hasName(kind, names, name)) return [];
      const message =
        `«${name}» is no ${SPOKEN[kind]} of this scenario, so that the entry takes out no cell; ` +
        `allowed: ${names.join(', ')}. Write one of these, or take the entry out`;
      return [{ where: ['exclude', at, kind], message }];
    }),
  );
}

function unrequired({ mustNotLeak, killSwitches }: Gated): Complaint[] {
  return mustNotLeak.flatMap((entry, at) => {
    if (requiredOf(entry, killSwitches).length > 0) return [];
    const message =
      `«${entry}» is no kill switch of this scenario, so that nothing would be required; ` +
      `allowed: ${killSwitches.join(', ')}. Write one of these, or add it to «killSwitches»`;
    return [{ where: ['mustNotLeak', at], message }];
  });
}

function unserved({ torrent, infrastructure }: Gated): Complaint[] {
  return torrent.trackers.flatMap((tier, at) =>
    [tier].flat().flatMap((kind) => {
      const server = servedBy(kind);
      if (server === null || infrastructure.includes(server)) return [];
      const message = `«${kind}» is served by «${server}», which is not run: add it to «infrastructure», or name another tracker`;
      return [{ where: ['torrent', 'trackers', at], message }];
    }),
  );
}
