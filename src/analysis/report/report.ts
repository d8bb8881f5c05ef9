/**
 * report.html: one self-contained file a person can read without the lab. Conclusions first, then the table.
 */
import type { Manifest } from '../../harness/records.ts';
import type { TrialRow } from '../summary/rows.ts';
import type { CellSummary, Summary } from '../summary/schema.ts';
import { bytes, digits, gapWords, interval, leakWords } from '../summary/words.ts';
import { html, render, type Html } from './html.ts';

export interface ReportInput {
  readonly manifest: Manifest;
  readonly summary: Summary;
  readonly rows: readonly TrialRow[];
}

export function reportHtml({ manifest, summary }: ReportInput): string {
  const { scenario, conclusions, cells } = summary;
  return `<!doctype html>\n${render(
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${scenario.title}</title>
      </head>
      <body>
        <h1>${scenario.title}</h1>
        <p>${scenario.hypothesis}</p>
        <h2>Conclusions</h2>
        <ul>
          ${conclusions.map(({ text }) => html`<li>${text}</li>`)}
        </ul>
        <h2>Cells</h2>
        <table>
          <thead>
            <tr>
              <th>Client</th>
              <th>Kill switch</th>
              <th>Fault</th>
              <th>Moment</th>
              <th>Leak / no leak / open</th>
              <th>Leak probability</th>
              <th>Gap</th>
              <th>Clear packets</th>
              <th>Clear bytes</th>
            </tr>
          </thead>
          <tbody>
            ${cells.map(cellRow)}
          </tbody>
        </table>
        <h2>Manifest</h2>
        <pre>${JSON.stringify(manifest, null, 2)}</pre>
      </body>
    </html>`,
  )}\n`;
}

function cellRow(cell: CellSummary): Html {
  const { leak, noLeak, inconclusive } = cell.verdicts;
  return html`<tr>
    <td>${cell.client}</td>
    <td>${cell.killSwitch}</td>
    <td>${cell.fault}</td>
    <td>${cell.moment}</td>
    <td>${leak} / ${noLeak} / ${inconclusive}</td>
    <td>${leakWords(cell)}</td>
    <td>${gapWords(cell.gapSeconds)}</td>
    <td>${interval(cell.clearPackets, digits)}</td>
    <td>${interval(cell.clearBytes, bytes)}</td>
  </tr>`;
}
