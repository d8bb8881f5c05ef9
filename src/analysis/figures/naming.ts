/** How many parties name the real address to a stranger, over time since the fault, by client and kill switch. */
import type { TopLevelSpec } from 'vega-lite';
import { PARTIES, type Party } from '../../records/vocabulary.ts';
import { sorted } from '../statistics/quantiles.ts';
import { clientsOf, ROW_HEADER, switchesOf, type Figure, type FigureInput } from './figure.ts';
import { PARTY_COLOURS } from './style.ts';
import { timeUnit } from './time-unit.ts';
import { GONE_LAYER, goneValues, horizonOf, watchedPlaces, type WatchedTrial } from './watched.ts';

/** Width of one row of the figure, in points. */
const WIDTH = 230;

function namingSpec(input: FigureInput): TopLevelSpec | null {
  const places = watchedPlaces(input);
  const named = places.flatMap(({ trials }) => trials.flatMap(realOf));
  if (named.length === 0) return null;
  const longest = horizonOf(places);
  const unit = timeUnit(longest);
  const parties = PARTIES.filter((party) => named.some((one) => one.party === party));
  const values = places.flatMap(({ client, killSwitch, trials }) => {
    const inPlace = trials.flatMap(realOf);
    const instants = instantsOf(inPlace, longest);
    return parties.flatMap((party) => {
      const counts = namedAt(
        inPlace.filter((one) => one.party === party),
        instants,
      );
      return instants.map((at, index) => ({
        ...{ client, killSwitch, party, kind: 'naming', time: at / unit.seconds },
        count: (counts[index] ?? 0) / trials.length,
      }));
    });
  });
  return {
    data: { values: [...values, ...goneValues(places, unit)] },
    facet: {
      row: {
        field: 'killSwitch',
        type: 'nominal',
        sort: switchesOf(input),
        title: null,
        header: ROW_HEADER,
      },
      column: { field: 'client', type: 'nominal', sort: clientsOf(input), title: null },
    },
    spec: {
      width: WIDTH,
      height: 80,
      layer: [
        {
          transform: [{ filter: "datum.kind === 'naming'" }],
          mark: { type: 'area', interpolate: 'step-after', opacity: 0.85 },
          encoding: {
            x: {
              field: 'time',
              type: 'quantitative',
              scale: { domain: [0, longest / unit.seconds] },
              axis: { title: `${unit.name} since the fault`, tickCount: 5 },
            },
            y: { field: 'count', type: 'quantitative', stack: 'zero', axis: { title: 'parties', tickCount: 3 } },
            color: {
              field: 'party',
              type: 'nominal',
              scale: { domain: parties, range: parties.map((party) => PARTY_COLOURS[party]) },
              legend: { title: null, orient: 'top' },
            },
            order: { field: 'party', sort: 'descending' },
          },
        },
        GONE_LAYER,
      ],
    },
  };
}

interface Naming {
  readonly party: Party;
  readonly from: number;
  readonly until: number;
}

/** Naming of the real address; it lasts to the horizon where the address was still named when last asked. */
function realOf({ handOuts, aftermath }: WatchedTrial): Naming[] {
  return handOuts.flatMap(({ party, who, fromSeconds: from, untilSeconds, censored }) =>
    who === 'real' ? [{ party, from, until: censored ? (aftermath.endSeconds ?? untilSeconds) : untilSeconds }] : [],
  );
}

/** Steps that one row of the figure shows at most: one for every two of its points of width. */
const MOST_STEPS = WIDTH / 2;

/** Where the count may change, ascending; evenly spaced where there are more of them than the figure can show. */
function instantsOf(named: readonly Naming[], longest: number): readonly number[] {
  const changes = new Set([0, longest, ...named.flatMap(({ from, until }) => [from, until])]);
  if (changes.size <= MOST_STEPS) return [...changes].sort((a, b) => a - b);
  return Array.from({ length: MOST_STEPS + 1 }, (_, step) => (step / MOST_STEPS) * longest);
}

/** How many are being named at each of the ascending `instants`: begun by then and not over. */
function namedAt(named: readonly Naming[], instants: readonly number[]): number[] {
  const begun = sorted(named.map(({ from }) => from));
  const over = sorted(named.map(({ until }) => until));
  let [b, o] = [0, 0];
  return instants.map((at) => {
    while (b < begun.length && (begun[b] ?? 0) <= at) b++;
    while (o < over.length && (over[o] ?? 0) <= at) o++;
    return b - o;
  });
}

export const namingFigure: Figure = {
  id: 'naming',
  title: 'Who could still name the user, over time',
  caption:
    'How many trackers, DHT nodes and peers named the real address when a stranger to the client asked, per judged trial, to ' +
    'the end of the horizon. The dashed line is when the client had ended.',
  spec: namingSpec,
};
