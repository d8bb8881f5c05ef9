/**
 * Tells for how long the swarm's memory hands an address out to a stranger who asks: trackers, DHT nodes and peers, the
 * real address beside one that the lab planted itself. Pooled over the judged trials of the campaign.
 */
import { PARTIES, type Party } from '../../records/vocabulary.ts';
import { kaplanMeier, medianSurvival, type Observation } from '../statistics/survival.ts';
import { judged } from './cells.ts';
import type { HandOutRow, TrialRow } from './rows.ts';
import type { HandOutSurvival } from './schema.ts';

const WHO = ['real', 'planted'] as const;

/** The hand-outs of one kind as observations of a survival curve. */
export function handOutObservations(rows: readonly TrialRow[], party: Party, who: HandOutRow['who']): Observation[] {
  const observations: Observation[] = [];
  for (const { handOuts } of judged(rows)) {
    for (const one of handOuts) {
      if (one.party === party && one.who === who) observations.push({ time: one.seconds, censored: one.censored });
    }
  }
  return observations;
}

/** One line for each kind of party and address that was ever handed out. */
export function handOutSurvival(rows: readonly TrialRow[]): HandOutSurvival[] {
  return PARTIES.flatMap((party) =>
    WHO.flatMap((who) => {
      const observations = handOutObservations(rows, party, who);
      if (observations.length === 0) return [];
      const censored = observations.filter((one) => one.censored).length;
      return [
        { party, who, ...medianSurvival(kaplanMeier(observations)), observations: observations.length, censored },
      ];
    }),
  );
}
