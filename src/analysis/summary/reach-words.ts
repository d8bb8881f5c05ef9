/** What a cell's trials found, in words that somebody who runs a torrent client understands. */
import { REACHES, type ThirdParty } from '../../records/findings.ts';
import { isPlacebo, type CellNames } from '../../records/identity.ts';
import type { Cause } from './cause.ts';
import { trialsReaching, type CellEvidence, type Stage } from './reach.ts';
import type { CellSummary } from './schema.ts';

const LIST = new Intl.ListFormat('en-GB');

const ONE: Readonly<Record<ThirdParty, string>> = {
  tracker: 'the tracker',
  dht: 'a DHT node',
  peer: 'a peer',
  resolver: 'the resolver',
  stun: 'a STUN server',
  neighbour: 'the local network',
};
const SEVERAL: Readonly<Record<ThirdParty, string>> = {
  tracker: 'trackers',
  dht: 'DHT nodes',
  peer: 'peers',
  resolver: 'resolvers',
  stun: 'STUN servers',
  neighbour: 'neighbours',
};

/** «swarm 2 of 2», or «swarm 1, lan 1 of 2», worst first; a dash where no trial had the stage. */
export function reachWords(evidence: CellEvidence | null, stage: Stage): string {
  if (evidence === null) return '-';
  const counts = evidence.reach[stage];
  const total = trialsReaching(counts);
  if (total === 0) return '-';
  const met = REACHES.filter((reach) => counts[reach] > 0);
  return `${met.map((reach) => `${reach} ${counts[reach]}`).join(', ')} of ${total}`;
}

/** Lines such as «tracker, 11 dht, 5 peer» and «by content: tracker»: who learnt the address in a stage, the most in one trial. */
export function learntIn(evidence: CellEvidence, stage: Stage): string[] {
  const said = (way: 'source' | 'content'): string =>
    evidence.learnt
      .filter((row) => row.stage === stage && row.way === way)
      .map(({ kind, most }) => (most === 1 ? kind : `${most} ${kind}`))
      .join(', ');
  const content = said('content');
  return [said('source'), content === '' ? '' : `by content: ${content}`].filter((line) => line !== '');
}

/** How bad a cell is, 0 being worst: by the worst that happened in the outage, then before the fault. */
export function badness({ found }: Pick<CellSummary, 'found'>): number {
  const rank = (stage: Stage): number => {
    const at = found === null ? -1 : REACHES.findIndex((reach) => found.reach[stage][reach] > 0);
    return at < 0 ? REACHES.length : at;
  };
  return Math.min(rank('outage'), rank('before'), rank('after')) * 100 + rank('outage') * 10 + rank('before');
}

/** «2 of 2», «0 of 2 within 4 s», «not asked»: trials in which downloads came back through the tunnel. */
export function backWords({ works: { recovered, never, notAsked, watchedSeconds } }: CellEvidence): string {
  if (recovered + never === 0) return notAsked > 0 ? 'not asked' : 'not known';
  const within = never === 0 || watchedSeconds === null ? '' : ` within ${watchedSeconds.toFixed(0)} s`;
  return `${recovered} of ${recovered + never}${within}`;
}

/** A sentence or three on a cell: what was told while the VPN worked, what in the outage, and whether the fall did it. */
export function cellSentence(cell: CellNames, evidence: CellEvidence | null, cause: Cause | null): string {
  if (evidence === null) return 'Nothing was measured.';
  // A placebo has no cause, and was asked for no recovery: it has no words of either.
  const said = [before(cell.client, evidence), outage(cell, evidence), causeSentence(cause), after(evidence)];
  return said.filter((one) => one !== '').join(' ');
}

/** Whether the fall did what was seen in the outage; empty where nothing was. */
function causeSentence(cause: Cause | null): string {
  if (cause === null) return '';
  const { fault, placebo, pHolm } = cause[cause.about];
  const held = `in ${fault.trials} of ${trials(fault.of)}, without a fall in ${placebo.trials} of ${placebo.of}`;
  switch (cause.outcome) {
    case 'added':
      return cause.about === 'told'
        ? `The fall did it: somebody was told ${held} (${pWords(pHolm)}).`
        : `The fall let it out: packets left in the clear ${held} (${pWords(pHolm)}).`;
    case 'with-and-without':
      return `It happens without a fall, too (${held}): the fall is not shown to add anything.`;
    case 'not-shown':
      return `That the fall did it is not shown (${held}; ${pWords(pHolm)}).`;
    case 'too-few':
      return fault.of === 0 ? '' : `Whether the fall did it, so few trials do not tell (${held}).`;
    case 'no-placebo':
      return 'Whether the fall did it cannot be told without trials that have no fall.';
    case 'nothing':
      return '';
  }
}

/** «yes, 8 of 8 v 0 of 8»: whether the fall did it, for a table; a dash where nothing left in the outage. */
export function causeWords(cause: Cause | null): string {
  if (cause === null || cause.outcome === 'nothing') return '-';
  const { fault, placebo } = cause[cause.about];
  const held = `${fault.trials} of ${fault.of}, without it ${placebo.trials} of ${placebo.of}`;
  if (cause.outcome === 'no-placebo') return 'no trials without it';
  return fault.of === 0 ? '-' : `${IN_TABLE[cause.outcome]}: ${held}`;
}

const IN_TABLE: Readonly<Record<Exclude<Cause['outcome'], 'nothing' | 'no-placebo'>, string>> = {
  added: 'yes',
  'with-and-without': 'also without',
  'not-shown': 'not shown',
  'too-few': 'too few',
};

function pWords(p: number | null): string {
  if (p === null) return 'no test';
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`;
}

/** A cell's sentence with the cell's names before it. */
export function accountOf({ client, killSwitch, fault, sentence }: CellSummary): string {
  return `${client}, ${killSwitch}, ${isPlacebo({ fault }) ? 'no fault' : fault}: ${sentence}`;
}

function before(client: string, evidence: CellEvidence): string {
  const counts = evidence.reach.before;
  const total = trialsReaching(counts);
  if (total === 0) return '';
  const told = toldIn(evidence, 'before');
  if (told !== '') return `While the VPN worked, ${client} told ${told}.`;
  return counts.none === total
    ? `While the VPN worked, nothing left in the clear in ${trials(total)}.`
    : `While the VPN worked, nobody was told, but ${strays(evidence, 'before')}.`;
}

/** What left while the tunnel was down; of a placebo, in the same span, in which it was not. */
function outage(cell: CellNames, evidence: CellEvidence): string {
  const counts = evidence.reach.outage;
  const total = trialsReaching(counts);
  const placebo = isPlacebo(cell);
  if (total === 0) return placebo ? '' : 'The tunnel never fell.';
  const then = placebo ? 'Later, with no fall,' : 'When it fell,';
  const fresh = toldIn(evidence, 'outage', true);
  if (fresh !== '') return `${then} ${cell.client} told ${fresh}.`;
  if (toldIn(evidence, 'outage') !== '') return `${then} nobody learnt it who had not known it.`;
  return counts.none === total
    ? `${then} nothing left in the clear in ${trials(total)}.`
    : `${then} nobody was told, but ${strays(evidence, 'outage')}.`;
}

function after({ works: { recovered, never, watchedSeconds } }: CellEvidence): string {
  if (never === 0 || watchedSeconds === null) return '';
  return `Downloads did not come back within ${watchedSeconds.toFixed(0)} s in ${never} of ${trials(recovered + never)}.`;
}

/** «the tracker, up to 11 DHT nodes and 5 peers your address (2 of 2 trials)»; empty where nobody was told. */
function toldIn(evidence: CellEvidence, stage: Stage, newOnly = false): string {
  const rows = evidence.learnt.filter((row) => row.stage === stage && (!newOnly || row.newIn > 0));
  if (rows.length === 0) return '';
  const parties = rows.map(({ kind, way, most }) => {
    const who = most === 1 ? ONE[kind] : `up to ${most} ${SEVERAL[kind]}`;
    return way === 'content' ? `${who} (inside its messages)` : who;
  });
  const often = Math.max(...rows.map((row) => (newOnly ? row.newIn : row.trials)));
  return `${LIST.format(parties)} your address (in ${often} of ${trials(evidence.trials)})`;
}

/** «packets left in the clear in 1 of 2 trials», or that they stayed on the local network. */
function strays({ reach }: CellEvidence, stage: Stage): string {
  const { path, lan, none } = reach[stage];
  const total = path + lan + none;
  return path === 0
    ? `packets went to the local network in ${lan} of ${trials(total)}`
    : `packets left in the clear in ${path} of ${trials(total)}`;
}

/** «2 s» from the fault to the client's own last clear packet; «>2 s» for a lower bound; a dash without one. */
export function lastClientWords(evidence: CellEvidence | null): string {
  const last = evidence?.lastClient;
  return last === null || last === undefined ? '-' : `${last.isLowerBound ? '>' : ''}${last.seconds.toFixed(2)}`;
}

function trials(count: number): string {
  return `${count} trial${count === 1 ? '' : 's'}`;
}
