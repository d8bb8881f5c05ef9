/** What the drill-down of a cell says of the swarm's memory: monitor, restart, hand-outs and knocks to the horizon. */
import { SOURCE_KINDS } from '../../records/vocabulary.ts';
import type { CellSummary } from '../summary/schema.ts';
import { digits, duration, interval, plural } from '../summary/summary-words.ts';

/** Name and words of each fact; null words where the campaign did not watch for it. */
export function swarmFacts({ monitor, restart, aftermath }: CellSummary): [string, string | null][] {
  return [
    ['A copyright monitor', monitor === null ? null : monitorWords(monitor)],
    ['Started again', restart === null ? null : restartWords(restart)],
    ...(aftermath === undefined ? [] : aftermathFacts(aftermath)),
  ];
}

function monitorWords({ trials, named, met, metSeconds }: NonNullable<CellSummary['monitor']>): string {
  const when = metSeconds === null ? '' : `, ${interval(metSeconds, duration)} after the fault`;
  return `was told of the address in ${named} of ${plural(trials, 'trial')} and met it in ${met}${when}`;
}

function restartWords(restart: NonNullable<CellSummary['restart']>): string {
  const { trials, remembered, contactedInClear, contactedInTunnel, clearSources } = restart;
  const sources = SOURCE_KINDS.filter((kind) => clearSources[kind] > 0);
  const under = sources.length === 0 ? '' : ` (source: ${sources.join(', ')})`;
  return (
    `of ${plural(trials, 'trial')}, its files still held members learnt in the tunnel in ${remembered}; ` +
    `it came to them in the clear in ${contactedInClear}${under}, through the tunnel in ${contactedInTunnel}`
  );
}

function aftermathFacts(aftermath: NonNullable<CellSummary['aftermath']>): [string, string | null][] {
  const { handedOutSeconds: handedOut, halfOfKnocksSeconds: half } = aftermath;
  const howLong =
    handedOut === null
      ? null
      : `median ${handedOut.median === null ? 'beyond what was watched' : duration(handedOut.median)} over ` +
        `${plural(handedOut.observations, 'party', 'parties')}, ${handedOut.censored} censored`;
  const knocks = (packets: typeof half, senders: typeof half): string =>
    `${interval(packets, digits)} from ${interval(senders, digits)} senders`;
  return [
    ['Parties that named it to strangers', interval(aftermath.namingParties, digits)],
    ['Answers that named it', interval(aftermath.namingAnswers, digits)],
    ['For how long they named it', howLong],
    ['Knocks', knocks(aftermath.knocks, aftermath.knockSenders)],
    ['Knocks after the client had ended', knocks(aftermath.knocksAfterClient, aftermath.knockSendersAfterClient)],
    ['Half of the knocks had come', half === null ? null : `${interval(half, duration)} after the fault`],
  ];
}
