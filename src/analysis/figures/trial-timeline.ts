/**
 * The picture of one trial: a lane each for the tunnel, the payload towards it, the kill switch, the clear packets of
 * each class and who learnt the address, over the time from the fault. Not all packets one by one: bins (see
 * clear-packets.ts).
 */
import type { TopLevelSpec } from 'vega-lite';
import type { PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import type { UnitSpec } from 'vega-lite/types_unstable/spec/unit.js';
import type { Measures } from '../../records/measures.ts';
import type { TimelineEvent } from '../../records/timeline.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { CLEAR_CLASSES } from '../../records/vocabulary.ts';
import { clearPackets, type ClearPackets } from './clear-packets.ts';
import { ACCENT, INK, LEAK, MUTED, SAFE } from './style.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

/** Seconds of working tunnel shown before the fault, at most. */
const BEFORE_SECONDS = 5;
const LANE_HEIGHT = 24;
const PAYLOAD_BINS = 120;
/** Share of the width below which two labels of a lane, or of the rules, would overlap. */
const LABEL_SHARE = 0.1;
const RULE_LABEL_SHARE = 0.17;
const PAYLOAD = '#7fb6d6';

export interface TrialPicture {
  readonly record: TrialRecord;
  readonly measures: Measures | null;
  readonly events: readonly TimelineEvent[];
  /** Path of the uplink capture; null where there is none. */
  readonly capture: string | null;
}

interface Bar {
  readonly lane: string;
  readonly from: number;
  readonly to: number;
  readonly kind: 'tunnel' | 'payload' | 'clear';
}

interface Sign {
  readonly lane: string;
  readonly at: number;
  readonly kind: 'switch' | 'source' | 'content';
  readonly label: string;
}

/** Draws the trial; null where it never came to a fault, so that there is nothing to set instants against. */
export async function timelineSpec(picture: TrialPicture): Promise<TopLevelSpec | null> {
  const { record, measures, events } = picture;
  const { fault, restored, endNs, clientStartedNs } = record.instants;
  if (fault === null) return null;
  const startNs = Math.max(clientStartedNs ?? 0, fault.beforeNs - BEFORE_SECONDS * NS_PER_SECOND);
  const stopNs = endNs ?? events.reduce((last, { atNs }) => Math.max(last, atNs), fault.afterNs + 1);
  const since = (ns: number): number => (ns - fault.beforeNs) / NS_PER_SECOND;
  const within = (ns: number): boolean => ns >= startNs && ns <= stopNs;

  const packets = await clearPackets(record, measures, picture.capture, startNs, stopNs);
  const bars = [
    ...tunnelBars(record, events, startNs, stopNs),
    ...payloadBars(record, events, startNs, stopNs),
    ...packetBars(packets, startNs, stopNs),
  ].map((bar) => ({ ...bar, from: since(bar.from), to: since(bar.to) }));
  const signs = [...switchSigns(events), ...exposureSigns(measures)].filter(({ at }) => within(at));
  const labelled = gathered(signs, (stopNs - startNs) * LABEL_SHARE);
  const lastClearNs = measures?.lastClearNs ?? null;
  const rules = [
    { at: 0, label: 'fault' },
    ...(lastClearNs === null ? [] : [{ at: since(lastClearNs), label: 'last clear packet' }]),
    ...(restored === null ? [] : [{ at: since(restored.beforeNs), label: 'restored' }]),
  ];
  const placed = labelled.map((sign) => ({ ...sign, at: since(sign.at) }));
  return draw(bars, placed, stacked(rules, (since(stopNs) - since(startNs)) * RULE_LABEL_SHARE), [
    since(startNs),
    since(stopNs),
  ]);
}

/** Signs of one lane too near each other for a label each: the first carries the labels of all. */
function gathered(signs: readonly Sign[], nearNs: number): Sign[] {
  const placed: Sign[] = [];
  for (const sign of [...signs].sort((a, b) => a.at - b.at)) {
    const index = placed.findLastIndex((other) => other.lane === sign.lane && other.label !== '');
    const last = placed[index];
    if (last === undefined || sign.at - last.at > nearNs) placed.push(sign);
    else {
      if (!last.label.split(', ').includes(sign.label))
        placed[index] = { ...last, label: `${last.label}, ${sign.label}` };
      placed.push({ ...sign, label: '' });
    }
  }
  return placed;
}

interface Rule {
  readonly at: number;
  readonly label: string;
}

/** Gives each rule's label the lowest line on which it is at least `near` from the one before. */
function stacked(rules: readonly Rule[], near: number): (Rule & { readonly line: number })[] {
  const ends: number[] = [];
  return [...rules]
    .sort((a, b) => a.at - b.at)
    .map((rule) => {
      const free = ends.findIndex((end) => rule.at - end >= near);
      const line = free === -1 ? ends.length : free;
      ends[line] = rule.at;
      return { ...rule, line };
    });
}

/**
 * Bars for the times in which the tunnel was up: from the start until the fault or the event that says otherwise; the
 * fault and the restoration count as such.
 */
function tunnelBars(record: TrialRecord, events: readonly TimelineEvent[], startNs: number, stopNs: number): Bar[] {
  const { fault, restored } = record.instants;
  const changes = events.flatMap((event) =>
    event.kind === 'tunnel' ? [{ atNs: event.span.afterNs, up: event.state === 'up' }] : [],
  );
  if (fault !== null) changes.push({ atNs: fault.beforeNs, up: false });
  if (restored !== null) changes.push({ atNs: restored.afterNs, up: true });
  const bars: Bar[] = [];
  let upSince: number | null = null;
  for (const { atNs, up } of changes.sort((a, b) => a.atNs - b.atNs)) {
    if (up) upSince ??= atNs;
    else if (upSince !== null) {
      bars.push({ lane: 'tunnel', kind: 'tunnel', from: Math.max(upSince, startNs), to: atNs });
      upSince = null;
    }
  }
  if (upSince !== null) bars.push({ lane: 'tunnel', kind: 'tunnel', from: Math.max(upSince, startNs), to: stopNs });
  return bars.filter(({ from, to }) => to > from);
}

/** Payload that observers served to the tunnel's exit. */
function payloadBars(record: TrialRecord, events: readonly TimelineEvent[], startNs: number, stopNs: number): Bar[] {
  const exits = [record.identity?.exit4, record.identity?.exit6];
  const width = (stopNs - startNs) / PAYLOAD_BINS;
  const bins = new Set<number>();
  for (const event of events) {
    if (event.kind !== 'peer-piece' || event.atNs < startNs || event.atNs > stopNs) continue;
    if (exits.includes(event.sourceAddress)) bins.add(Math.floor((event.atNs - startNs) / width));
  }
  return [...bins].map((bin) => {
    const from = startNs + bin * width;
    return { lane: 'payload towards it', kind: 'payload', from, to: Math.min(stopNs, from + width) };
  });
}

function packetBars({ bins }: ClearPackets, startNs: number, stopNs: number): Bar[] {
  const least = (stopNs - startNs) / 400; // so that a single packet is still seen
  return CLEAR_CLASSES.flatMap((name) =>
    bins
      .filter((bin) => bin.class === name && bin.toNs >= startNs && bin.fromNs <= stopNs)
      .map(({ fromNs, toNs }): Bar => {
        const to = Math.min(stopNs, Math.max(toNs, fromNs + least));
        return { lane: `clear: ${name}`, kind: 'clear', from: Math.max(startNs, fromNs), to };
      }),
  );
}

function switchSigns(events: readonly TimelineEvent[]): Sign[] {
  return events.flatMap((event) =>
    event.kind === 'switch' && event.stage !== 'engaged'
      ? [{ lane: 'kill switch', at: event.atNs, kind: 'switch', label: event.stage } as const]
      : [],
  );
}

/** The first time each third party learnt the address, and how. */
function exposureSigns(measures: Measures | null): Sign[] {
  const first = new Map<string, Sign>();
  for (const { party, by, how, firstNs } of measures?.exposures ?? []) {
    const key = `${party} ${by}`;
    const known = first.get(key);
    if (known !== undefined && known.at <= firstNs) continue;
    first.set(key, { lane: `learnt by ${party}`, at: firstNs, kind: by, label: how });
  }
  return [...first.values()];
}

function draw(
  bars: readonly Bar[],
  signs: readonly Sign[],
  rules: readonly (Rule & { readonly line: number })[],
  domain: [number, number],
): TopLevelSpec {
  const met = new Set([...bars, ...signs].map(({ lane }) => lane));
  const order = ['tunnel', 'payload towards it', 'kill switch', ...CLEAR_CLASSES.map((name) => `clear: ${name}`)];
  const lanes = [...order.filter((lane) => met.has(lane)), ...[...met].filter((lane) => !order.includes(lane))];
  const y = {
    field: 'lane',
    type: 'nominal',
    scale: { domain: lanes },
    axis: { title: null, grid: true, tickBand: 'extent', ticks: false },
  } satisfies PositionFieldDef<string>;
  const x = {
    field: 'at',
    type: 'quantitative',
    scale: { domain, nice: false },
    axis: { title: 'seconds from the fault', grid: false, tickCount: 12 },
  } satisfies PositionFieldDef<string>;
  return {
    width: 640,
    height: { step: LANE_HEIGHT },
    layer: [
      {
        data: { values: [...bars] },
        mark: { type: 'rect', height: { band: 0.55 } },
        encoding: {
          y,
          x: { ...x, field: 'from' },
          x2: { field: 'to' },
          color: {
            condition: [
              { test: "datum.kind === 'tunnel'", value: SAFE },
              { test: "datum.kind === 'payload'", value: PAYLOAD },
            ],
            value: LEAK,
          },
        },
      },
      {
        data: { values: [...rules] },
        mark: { type: 'rule', color: INK, strokeDash: [4, 3] },
        encoding: { x },
      },
      ruleLabels(rules),
      {
        data: { values: [...signs] },
        mark: { type: 'point', size: 70, opacity: 1, strokeWidth: 1.5, stroke: INK },
        encoding: {
          y,
          x,
          shape: {
            condition: [
              { test: "datum.kind === 'switch'", value: 'triangle-down' },
              { test: "datum.kind === 'source'", value: 'diamond' },
            ],
            value: 'square',
          },
          fill: {
            condition: [
              { test: "datum.kind === 'switch'", value: ACCENT },
              { test: "datum.kind === 'source'", value: LEAK },
            ],
            value: 'white',
          },
        },
      },
      {
        data: { values: [...signs] },
        mark: { type: 'text', align: 'left', dx: 8, fontSize: 9, color: MUTED },
        encoding: { y, x, text: { field: 'label', type: 'nominal' } },
      },
    ],
  };
}

/**
 * Places each rule's label above the lanes, a line higher than the one before it, so that near instants stay legible.
 */
function ruleLabels(rules: readonly (Rule & { readonly line: number })[]): UnitSpec<string> {
  return {
    data: { values: [...rules] },
    mark: {
      type: 'text',
      y: 0,
      dy: { expr: '-3 - 12 * datum.line' },
      dx: 3,
      align: 'left',
      baseline: 'bottom',
      fontSize: 10,
      color: INK,
    },
    encoding: { x: { field: 'at', type: 'quantitative' }, text: { field: 'label', type: 'nominal' } },
  };
}

export const TIMELINE_CAPTION =
  'Bars: the tunnel up, payload that observers sent towards it, clear packets on the uplink. Triangles: what the kill switch says it ' +
  'did. Diamonds: a third party first saw the real address as a packet’s source; squares: in what a packet said.';
