/** One trial in full: its timeline, its packets by class and phase, who learnt what and when. */
import type { Measures } from '../../records/measures.ts';
import type { TrialRecord } from '../../records/trial-record.ts';
import { TIMELINE_CAPTION } from '../figures/trial-timeline.ts';
import { bytes, duration } from '../summary/summary-words.ts';
import { Html, html } from './html.ts';
import { NS_PER_SECOND } from '../../records/units.ts';

export interface DrawnTrial {
  readonly record: TrialRecord;
  readonly measures: Measures | null;
  /** Picture of the trial; null where it never came to its fault. */
  readonly svg: string | null;
  /** Whether the capture was read; without it only first and last packets are drawn. */
  readonly fromCapture: boolean;
}

export function trialPicture({ record, measures, svg, fromCapture }: DrawnTrial): Html {
  const where = fromCapture ? '' : ' The capture is not in the folder: each bar runs from first to last packet.';
  return html`<template id="picture-${record.trial}">
    ${
      svg === null
        ? null
        : html`<figure>
            <div class="scroll" tabindex="0" role="region" aria-label="Timeline of trial ${record.trial}">
              ${new Html(svg)}
            </div>
            <figcaption>${TIMELINE_CAPTION}${where}</figcaption>
          </figure>`
    }
    ${measures === null ? null : [traffic(record, measures), exposures(record, measures)]}
    <dl>${facts(record, measures)}</dl>
  </template>`;
}

function since(record: TrialRecord, ns: number): string {
  const { fault } = record.instants;
  if (fault === null) return duration(ns / NS_PER_SECOND);
  const seconds = (ns - fault.beforeNs) / NS_PER_SECOND;
  return seconds < 0 ? `${duration(-seconds)} before` : duration(seconds);
}

function traffic(record: TrialRecord, { traffic: lines }: Measures): Html {
  if (lines.length === 0) return html`<p>No clear packet left in any phase.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Clear packets by class">
    <table>
      <caption>
        Clear packets by phase and class; times are since the fault
      </caption>
      <thead>
        <tr>
          ${['Phase', 'Class', 'Family', 'Source address', 'Packets', 'Bytes', 'First', 'Last'].map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${lines.map(
          (line) =>
            html`<tr>
              <td>${line.phase}</td>
              <td>${line.class}</td>
              <td>${line.family}</td>
              <td>${line.source}</td>
              <td>${line.packets}</td>
              <td>${bytes(line.bytes)}</td>
              <td>${since(record, line.firstNs)}</td>
              <td>${since(record, line.lastNs)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function exposures(record: TrialRecord, { exposures: lines }: Measures): Html {
  if (lines.length === 0) return html`<p>No third party learnt the real address.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Who learnt the real address">
    <table>
      <caption>
        Who learnt the real address; times are since the fault
      </caption>
      <thead>
        <tr>
          ${['Third party', 'Which', 'By', 'How', 'Address', 'Phase', 'Times', 'First'].map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${lines.map(
          (line) =>
            html`<tr>
              <td>${line.party}</td>
              <td>${line.id}</td>
              <td>${line.by}</td>
              <td>${line.how}</td>
              <td>${line.address}</td>
              <td>${line.phase}</td>
              <td>${line.times}</td>
              <td>${since(record, line.firstNs)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function facts(record: TrialRecord, measures: Measures | null): Html[] {
  const { fault } = record.instants;
  const counters = record.counters;
  const lines: [string, string | null][] = [
    ['Client', [record.cell.client, record.clientVersion, `binding: ${record.binding}`].filter(Boolean).join(', ')],
    ['Fault’s bracket', fault === null ? null : duration((fault.afterNs - fault.beforeNs) / NS_PER_SECOND)],
    ['Clear packets before the fault', measures === null ? null : String(measures.baselineClearPackets)],
    ['Clear packets after restoration', measures === null ? null : String(measures.recoveryClearPackets)],
    [
      'Knocks after containment',
      measures === null ? null : `${measures.knocks.packets} from ${measures.knocks.senders} senders`,
    ],
    [
      'Router’s counters',
      counters === null
        ? null
        : `${counters.clear} clear (canaries included), ${counters.tunnel} tunnel, ${counters.housekeeping} housekeeping`,
    ],
    [
      'Canaries missed',
      record.canaries
        .filter(({ seen }) => !seen)
        .map(({ instrument, stage }) => `${instrument} ${stage}`)
        .join(', ') || 'none',
    ],
    [
      'Longest delay of the heartbeat',
      record.heartbeatMaxDelayNs === null ? null : duration(record.heartbeatMaxDelayNs / NS_PER_SECOND),
    ],
    ['Client’s last words', record.clientLogTail.length === 0 ? null : record.clientLogTail.join(' ⏎ ')],
  ];
  return lines.flatMap(([name, value]) =>
    value === null
      ? []
      : [
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
        ],
  );
}
