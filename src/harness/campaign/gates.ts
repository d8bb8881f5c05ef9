/**
 * What a scenario may not say although every field of it is well formed: a name given twice, an exclusion or a requirement
 * that is about nothing, a tracker that nobody runs. Names are the same when they are parsed to the same, however they are
 * written: `app-kill` and `app-kill(poll=2s)`.
 */
import { servedBy } from '../trial/trackers.ts';
import type { Conditions } from '../../records/conditions.ts';
import { KINDS, LISTS, SPOKEN, hasName, namedTwice } from './cell-names.ts';
import { unrequired, type Complaint, type Required } from './requirements.ts';
import { withArms } from './arms.ts';

export interface Gated extends Required {
  readonly torrent: Conditions['torrent'];
  readonly infrastructure: readonly string[];
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
