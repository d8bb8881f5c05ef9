/**
 * What the paper claims, and what the campaign it names says of each claim: supported, refuted or undecided. The rules
 * stand here, before any data; a claim whose cells the campaign did not run is undecided.
 */
import { clopperPearson } from '../statistics/binomial.ts';
import { equivalentProportions } from '../statistics/equivalence.ts';
import { fisherExact } from '../statistics/fisher.ts';
import { quantileOf, sorted } from '../statistics/quantiles.ts';
import { mannWhitney } from '../statistics/ranks.ts';
import type { FigureInput } from '../figures/figure.ts';
import { censoredGap, judged, valuesOf } from '../summary/cells.ts';
import { LEVEL } from '../summary/comparisons.ts';
import type { MeasuredRow, TrialRow } from '../summary/rows.ts';
import type { CellSummary } from '../summary/schema.ts';
import { duration, percent, plural } from '../summary/summary-words.ts';

export type ClaimVerdict = 'supported' | 'refuted' | 'undecided';

export interface Claim {
  readonly id: string;
  readonly statement: string;
  readonly verdict: ClaimVerdict;
  /** The numbers that decide it, or what is missing. */
  readonly because: string;
}

interface Ruling {
  readonly verdict: ClaimVerdict;
  readonly because: string;
}

interface ClaimRule {
  readonly id: string;
  readonly statement: string;
  /** How the verdict is reached, for the method section. */
  readonly rule: string;
  readonly judge: (input: FigureInput) => Ruling;
}

type Family = NonNullable<CellSummary['family']>;

const FAMILY_WORDS: Readonly<Record<Family, string>> = {
  none: 'no switch',
  client: 'native binding',
  app: 'application switches',
  firewall: 'firewall switches',
  route: 'route switches',
  namespace: 'namespaces',
  combined: 'combinations',
};

/** A median of a polling delay within this share of the model's counts as the model's. */
const POLLING_MARGIN = 0.25;

/** Leak probabilities closer than this count as no difference. */
const ALIKE_MARGIN = 0.1;

export const CLAIM_RULES: readonly ClaimRule[] = [
  {
    id: 'diverge',
    statement: 'Native and application-level kill switches diverge in how often they leak.',
    rule:
      'supported where Fisher’s exact test on the judged trials of the two families shows a difference, refuted where ' +
      'two one-sided score tests show that the shares differ by less than a tenth, undecided otherwise',
    judge: ({ rows }) => {
      const [client, app] = [leaksOf(rows, 'client'), leaksOf(rows, 'app')];
      if (client.all === 0 || app.all === 0) return missing('client', 'app');
      const p = fisherExact(client.yes, client.all - client.yes, app.yes, app.all - app.yes);
      const pEquivalent = equivalentProportions(client.yes, client.all, app.yes, app.all, ALIKE_MARGIN) ?? 1;
      const counts = `${countWords('client', client)}, ${countWords('app', app)}`;
      const because = `${counts}; ${pWords('Fisher', p)}, ${pWords('equivalence', pEquivalent)}`;
      return p > LEVEL && pEquivalent <= LEVEL ? { verdict: 'refuted', because } : decided(p, because);
    },
  },
  {
    id: 'latency',
    statement: 'Where both leak, application-level switches leak for longer than native ones.',
    rule: 'supported where Mann and Whitney’s test shows longer gaps, refuted where it shows shorter ones',
    judge: ({ rows }) => {
      const [app, client] = [gapsOf(rows, 'app'), gapsOf(rows, 'client')];
      const longer = mannWhitney(app, client, 'greater');
      const shorter = mannWhitney(app, client, 'less');
      if (longer === null || shorter === null) return missing('client', 'app', 'a leaking trial');
      const words = `${gapsWords('app', rows)}, ${gapsWords('client', rows)}`;
      if (shorter.p <= LEVEL / 2)
        return { verdict: 'refuted', because: `${words}; ${pWords('Mann-Whitney', shorter.p)}` };
      return decided(2 * longer.p, `${words}; ${pWords('Mann-Whitney', longer.p)}, one-sided`);
    },
  },
  {
    id: 'polling',
    statement: 'A polling switch notices the fault after a delay uniform over its period.',
    rule:
      `refuted where Kolmogorov and Smirnov’s test contradicts the model for any period, supported where the interval ` +
      `of every median lies within a quarter of the model’s median, undecided otherwise`,
    judge: ({ summary: { polling } }) => {
      if (polling.length === 0) return { verdict: 'undecided', because: 'no polling switch was measured' };
      const contradicted = polling.filter(({ uniform }) => uniform.p * polling.length <= LEVEL);
      const words = polling
        .map(
          ({ killSwitch, detectionSeconds, uniform }) =>
            `${killSwitch}: median ${duration(detectionSeconds.median)}, ${pWords('Kolmogorov-Smirnov', uniform.p)}`,
        )
        .join('; ');
      if (contradicted.length > 0) return { verdict: 'refuted', because: words };
      const close = polling.every(({ periodSeconds, detectionSeconds: { low, high } }) => {
        const model = periodSeconds / 2;
        return (
          low !== null && high !== null && low >= model * (1 - POLLING_MARGIN) && high <= model * (1 + POLLING_MARGIN)
        );
      });
      return { verdict: close ? 'supported' : 'undecided', because: words };
    },
  },
  {
    id: 'swarm',
    statement: 'In the switching interval third parties of the swarm learn the real address.',
    rule: majorityRule('leaking trials in which a tracker, a DHT node or a peer learnt the address'),
    judge: ({ rows }) => {
      const leaking = leakingRows(rows).filter(({ family }) => family !== 'none');
      const told = leaking.filter(
        ({ measured: { exposedTo } }) => exposedTo.tracker + exposedTo.dht + exposedTo.peer > 0,
      );
      return majority(told.length, leaking.length, 'leaking trials under a kill switch');
    },
  },
  {
    id: 'outlive',
    statement: 'The swarm’s memory outlives the kill switch: it still comes to the real address after containment.',
    rule: majorityRule('leaking trials with knocks after containment'),
    judge: ({ rows }) => {
      const leaking = leakingRows(rows).filter(({ family }) => family !== 'none');
      const knocked = leaking.filter(({ measured }) => measured.knockPackets > 0);
      return majority(knocked.length, leaking.length, 'leaking trials under a kill switch');
    },
  },
  {
    id: 'restart',
    statement:
      'Peer lists and DHT tables outlive the tunnel: a client started again turns to peers it learnt inside it.',
    rule: majorityRule(
      'trials in which a client that was started again came to a member it can only have met in the tunnel',
    ),
    judge: ({ rows }) => {
      const again = judged(rows).flatMap(({ restart }) => restart ?? []);
      const came = again.filter(({ contactedInClear, contactedInTunnel }) => contactedInClear || contactedInTunnel);
      return majority(came.length, again.length, 'trials in which the client was started again');
    },
  },
  {
    id: 'combined',
    statement: 'Binding together with a firewall is the only methodology that held.',
    rule:
      'supported where the combinations did not leak and every other family did; refuted where a combination leaked, or ' +
      'another family did not leak in as many judged trials; undecided otherwise',
    judge: ({ summary: { cells } }) => {
      const families = new Map<Family, { leaks: number; held: number }>();
      for (const { family, verdicts, finding } of cells) {
        if (family === null || family === 'none') continue;
        const known = families.get(family) ?? { leaks: 0, held: 0 };
        known.leaks += verdicts.leak;
        if (finding === 'no-leak-seen') known.held += verdicts.noLeak;
        families.set(family, known);
      }
      const words = [...families]
        .map(
          ([family, { leaks, held }]) =>
            `${FAMILY_WORDS[family]}: ${plural(leaks, 'leak')}, ${plural(held, 'trial')} held`,
        )
        .join('; ');
      const combined = families.get('combined');
      if (combined === undefined) return { verdict: 'undecided', because: `no combination was run; ${words}` };
      if (combined.leaks > 0) return { verdict: 'refuted', because: words };
      const others = [...families].filter(([family]) => family !== 'combined');
      if (others.some(([, { leaks, held }]) => leaks === 0 && held >= combined.held && held > 0)) {
        return { verdict: 'refuted', because: words };
      }
      const alone = combined.held > 0 && others.length > 0 && others.every(([, { leaks }]) => leaks > 0);
      return { verdict: alone ? 'supported' : 'undecided', because: words };
    },
  },
];

/** Every claim with what the campaign says of it. */
export function judgeClaims(input: FigureInput): Claim[] {
  return CLAIM_RULES.map(({ id, statement, judge }) => ({ id, statement, ...judge(input) }));
}

function missing(...what: readonly (Family | 'a leaking trial')[]): Ruling {
  const words = what.map((one) => (one === 'a leaking trial' ? one : FAMILY_WORDS[one]));
  return { verdict: 'undecided', because: `the campaign lacks judged trials it takes: ${words.join(', ')}` };
}

function decided(p: number, because: string): Ruling {
  return { verdict: p <= LEVEL ? 'supported' : 'undecided', because };
}

function majorityRule(what: string): string {
  return `the share of ${what}: supported where its exact interval lies above one half, refuted where below, undecided otherwise`;
}

function majority(yes: number, all: number, of: string): Ruling {
  const share = clopperPearson(yes, all);
  if (share === null) return { verdict: 'undecided', because: `no ${of}` };
  const because = `${yes} of ${all} ${of} (95 % interval ${percent(share.low)} to ${percent(share.high)})`;
  if (share.low > 0.5) return { verdict: 'supported', because };
  return { verdict: share.high < 0.5 ? 'refuted' : 'undecided', because };
}

function leakingRows(rows: readonly TrialRow[]): (TrialRow & { readonly measured: MeasuredRow })[] {
  return rows.flatMap((row) =>
    row.verdict === 'leak' && row.measured !== null ? [{ ...row, measured: row.measured }] : [],
  );
}

function leaksOf(rows: readonly TrialRow[], family: Family): { readonly yes: number; readonly all: number } {
  const own = rows.filter((row) => row.family === family);
  const yes = own.filter(({ verdict }) => verdict === 'leak').length;
  return { yes, all: yes + own.filter(({ verdict }) => verdict === 'no-leak').length };
}

function gapsOf(rows: readonly TrialRow[], family: Family): number[] {
  return valuesOf(judged(rows.filter((row) => row.family === family)), ({ gapSeconds }) => gapSeconds);
}

function countWords(family: Family, { yes, all }: { readonly yes: number; readonly all: number }): string {
  return `${FAMILY_WORDS[family]} leaked in ${yes} of ${plural(all, 'judged trial')}`;
}

function gapsWords(family: Family, rows: readonly TrialRow[]): string {
  const leaking = judged(rows.filter((row) => row.family === family));
  const gaps = gapsOf(rows, family);
  const median = quantileOf(sorted(gaps), 0.5);
  const atLeast = censoredGap(leaking, { median, low: null, high: null, trials: gaps.length })?.medianIsLowerBound;
  return `${FAMILY_WORDS[family]}: median gap ${atLeast === true ? 'at least ' : ''}${duration(median)} over ${plural(gaps.length, 'trial')}`;
}

function pWords(test: string, p: number): string {
  return p < 0.001 ? `${test} p < 0.001` : `${test} p = ${p.toFixed(3)}`;
}
