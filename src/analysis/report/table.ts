/** The table of cells: one line each, sortable by number and filterable by name. */
import { PARTIES } from '../../records/vocabulary.ts';
import { FINDINGS } from '../figures/style.ts';
import type { CellSummary } from '../summary/schema.ts';
import { bytes, digits, duration, gapWords, interval, leakWords } from '../summary/summary-words.ts';
import { html, type Html } from './html.ts';

interface Column {
  readonly id: string;
  readonly title: string;
  readonly text: (cell: CellSummary) => string;
  /** What the column sorts by; null is missing and comes last. */
  readonly key: (cell: CellSummary) => string | number | null;
}

const COLUMNS: readonly Column[] = [
  { id: 'client', title: 'Client', text: (cell) => cell.client, key: (cell) => cell.client },
  { id: 'killSwitch', title: 'Kill switch', text: (cell) => cell.killSwitch, key: (cell) => cell.killSwitch },
  { id: 'fault', title: 'Fault', text: (cell) => cell.fault, key: (cell) => cell.fault },
  { id: 'moment', title: 'Moment', text: (cell) => cell.moment, key: (cell) => cell.moment },
  {
    id: 'trials',
    title: 'Leak / no leak / open',
    text: ({ verdicts }) => `${verdicts.leak} / ${verdicts.noLeak} / ${verdicts.inconclusive + verdicts.unsupported}`,
    key: ({ trials }) => trials,
  },
  {
    id: 'leak',
    title: 'Leak probability',
    text: leakWords,
    key: ({ leakProbability }) => (leakProbability === null ? null : leakProbability.estimate + leakProbability.high),
  },
  {
    id: 'gap',
    title: 'Gap',
    text: ({ gapSeconds }) => gapWords(gapSeconds),
    key: ({ gapSeconds }) => gapSeconds?.median ?? null,
  },
  {
    id: 'latency',
    title: 'Switch latency',
    text: ({ switchLatencySeconds }) => interval(switchLatencySeconds, duration),
    key: ({ switchLatencySeconds }) => switchLatencySeconds?.median ?? null,
  },
  {
    id: 'packets',
    title: 'Clear packets',
    text: ({ clearPackets }) => interval(clearPackets, digits),
    key: ({ clearPackets }) => clearPackets?.median ?? null,
  },
  {
    id: 'bytes',
    title: 'Clear bytes',
    text: ({ clearBytes }) => interval(clearBytes, bytes),
    key: ({ clearBytes }) => clearBytes?.median ?? null,
  },
  {
    id: 'exposed',
    title: 'Learnt by (trials)',
    text: exposedWords,
    key: ({ exposures }) => PARTIES.reduce((sum, party) => sum + exposures[party], 0),
  },
  {
    id: 'recovery',
    title: 'Recovery',
    text: ({ recoverySeconds }) => interval(recoverySeconds, duration),
    key: ({ recoverySeconds }) => recoverySeconds?.median ?? null,
  },
];

/** `tracker 3, peer 5`, or a dash. */
export function exposedWords({ exposures }: Pick<CellSummary, 'exposures'>): string {
  const told = PARTIES.filter((party) => exposures[party] > 0).map((party) => `${party} ${exposures[party]}`);
  return told.length === 0 ? '–' : told.join(', ');
}

export function cellTable(cells: readonly CellSummary[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of cells">
    <table id="cell-table">
      <caption>
        A line a cell; medians with 95 % intervals. Open: inconclusive or unsupported. A dash: nothing was measured.
      </caption>
      <thead>
        <tr>
          <th scope="col" data-column="finding"><button type="button">Found</button></th>
          ${COLUMNS.map(
            ({ id, title }) => html`<th scope="col" data-column="${id}"><button type="button">${title}</button></th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${cells.map(line)}
      </tbody>
    </table>
  </div>`;
}

function line(cell: CellSummary, index: number): Html {
  const { sign, word } = FINDINGS[cell.finding];
  return html`<tr
    class="${cell.finding}"
    data-client="${cell.client}"
    data-kill-switch="${cell.killSwitch}"
    data-fault="${cell.fault}"
  >
    <td class="finding" data-value="${word}">
      <span class="sign" aria-hidden="true">${sign}</span
      ><a href="#cell=${index}" aria-label="${word}: ${cell.client}, ${cell.killSwitch}, ${cell.fault}, ${cell.moment}"
        >${word}</a
      >
    </td>
    ${COLUMNS.map(({ text, key }) => html`<td data-value="${key(cell) ?? ''}">${text(cell)}</td>`)}
  </tr> `;
}

/** The values a reader may filter by, in the campaign's order. */
export function filters(cells: readonly CellSummary[]): Html {
  const choices = [
    ['client', 'Client', cells.map(({ client }) => client)],
    ['killSwitch', 'Kill switch', cells.map(({ killSwitch }) => killSwitch)],
    ['fault', 'Fault', cells.map(({ fault }) => fault)],
  ] as const;
  return html`<div class="filters">
    ${choices.map(
      ([name, title, values]) =>
        html`<label
          >${title}<select name="${name}">
            <option value="">all</option>
            ${[...new Set(values)].map((value) => html`<option>${value}</option>`)}
          </select></label
        >`,
    )}<button type="button" id="reset">Show all</button><span id="shown" class="muted" aria-live="polite"></span>
  </div>`;
}
