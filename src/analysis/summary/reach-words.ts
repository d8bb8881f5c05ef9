/** What a cell's trials found, in words that somebody who runs a torrent client understands. */
import { REACHES, type ThirdParty } from '../../records/findings.ts';
import type { CellEvidence, Stage } from './reach.ts';
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
  const total = REACHES.reduce((sum, reach) => sum + counts[reach], 0);
  if (total === 0) return '-';
  const met = REACHES.filter((reach) => counts[reach] > 0);
  return `${met.map((reach) => `${reach} ${counts[reach]}`).join(', ')} of ${total}`;
}

/** «tracker, 11 dht, 5 peer; by content: tracker»: who learnt the address in any stage, the most in one trial. */
export function learntWords(evidence: CellEvidence | null): string {
  const said = (way: 'source' | 'content'): string => {
    const most = new Map<ThirdParty, number>();
    for (const row of evidence?.learnt ?? []) {
      if (row.way === way) most.set(row.kind, Math.max(most.get(row.kind) ?? 0, row.most));
    }
    return [...most].map(([kind, count]) => (count === 1 ? kind : `${count} ${kind}`)).join(', ');
  };
  const content = said('content');
  const parts = [said('source'), ...(content === '' ? [] : [`by content: ${content}`])].filter((part) => part !== '');
  return parts.length === 0 ? '-' : parts.join('; ');
}

/** One sentence or two on a cell: what was told while the VPN worked, and what the outage added. */
export function cellSentence(client: string, evidence: CellEvidence | null): string {
  if (evidence === null) return 'Nothing was measured.';
  return [before(client, evidence), outage(client, evidence), after(evidence)].filter((one) => one !== '').join(' ');
}

/** A cell's sentence with the cell's names before it. */
export function accountOf({ client, killSwitch, fault, sentence }: CellSummary): string {
  return `${client}, ${killSwitch}, ${fault}: ${sentence}`;
}

function before(client: string, evidence: CellEvidence): string {
  const counts = evidence.reach.before;
  const total = REACHES.reduce((sum, reach) => sum + counts[reach], 0);
  if (total === 0) return '';
  const told = toldIn(evidence, 'before');
  if (told !== '') return `While the VPN worked, ${client} told ${told}.`;
  return counts.none === total
    ? `While the VPN worked, nothing left in the clear in ${trials(total)}.`
    : `While the VPN worked, nobody was told, but ${strays(evidence, 'before')}.`;
}

function outage(client: string, evidence: CellEvidence): string {
  const counts = evidence.reach.outage;
  const total = REACHES.reduce((sum, reach) => sum + counts[reach], 0);
  if (total === 0) return 'The tunnel never fell.';
  const fresh = toldIn(evidence, 'outage', true);
  if (fresh !== '') return `When it fell, ${client} told ${fresh}.`;
  if (toldIn(evidence, 'outage') !== '') return 'When it fell, nobody learnt it who had not known it.';
  return counts.none === total
    ? `When it fell, nothing left in the clear in ${trials(total)}.`
    : `When it fell, nobody was told, but ${strays(evidence, 'outage')}.`;
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
