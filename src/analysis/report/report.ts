/**
 * report.html: one self-contained file a person can read without the lab. Conclusions first, then the table, the
 * figures, the drill-down from a cell to a trial to its packets, what stayed open and why, and the manifest.
 */
import { readFileSync } from 'node:fs';
import { asset } from '../../contracts/places.ts';
import { pagePolicy } from '../../contracts/page-policy.ts';
import type { Manifest } from '../../records/manifest.ts';
import { PARTIES } from '../../records/vocabulary.ts';
import type { DrawnFigure } from '../figures/all.ts';
import { FINDINGS } from '../figures/style.ts';
import type { TrialRow } from '../summary/rows.ts';
import type { CellSummary, Conclusion, Summary } from '../summary/schema.ts';
import { bytes, digits, duration, gapWords, interval, leakWords, percent, plural } from '../summary/summary-words.ts';
import { Html, html, render } from './html.ts';
import { trialPicture, type DrawnTrial } from './picture.ts';
import { swarmFacts } from './swarm-facts.ts';
import { cellTable, exposedWords, filters } from './table.ts';
import { cellKey } from '../../records/identity.ts';

export interface ReportInput {
  readonly manifest: Manifest;
  readonly summary: Summary;
  readonly rows: readonly TrialRow[];
  readonly figures: readonly DrawnFigure[];
  readonly pictures: readonly DrawnTrial[];
}

/** The page's own files lie beside the sources; the compiled program reads them there too. */
const part = (name: string): string => readFileSync(asset(`analysis/report/${name}`), 'utf8');

/** The text as it stands in the page, set in. */
const inset = (text: string): string => `\n        ${text}\n      `;

/** An element with the page's own script or style, to the byte: its hash is in the policy. */
const own = (tag: 'script' | 'style', text: string): Html => new Html(`<${tag}>${text}</${tag}>`);

const SIGNS: Readonly<Record<Conclusion['tone'], string>> = { leak: '●', held: '○', undecided: '?', fact: '–' };

export function reportHtml(input: ReportInput): string {
  const { manifest, summary, figures, pictures } = input;
  const { scenario, conclusions, cells, trials, problems, sequential } = summary;
  const sections = [
    ['conclusions', 'Conclusions'],
    ['cells', 'Cells'],
    ['figures', 'Figures'],
    ['open', 'Inconclusive'],
    ['manifest', 'Manifest'],
  ] as const;
  const [script, style] = [inset(`${part('page.js')};`), inset(part('page.css'))];
  const page = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="${pagePolicy({ script, style })}" />
      <title>${scenario.title}: ${manifest.campaign}</title>
      ${own('style', style)}
    </head>
    <body>
      <header>
        <h1>${scenario.title}</h1>
        <p>${scenario.hypothesis}</p>
        <p class="muted">
          Campaign ${manifest.campaign}: ${plural(trials.recorded, 'trial')} recorded,
          ${sequential ? 'at most ' : ''}${trials.planned}
          planned${trials.repeats === 0 ? '' : `, ${plural(trials.repeats, 'repeat')} of disturbed ones`};
          ${trials.judged} judged (${trials.leak} leaked, ${trials.noLeak} did not), ${trials.inconclusive}
          inconclusive, ${trials.unsupported} unsupported.
        </p>
      </header>
      <nav aria-label="Sections">
        <ul>
          ${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}
        </ul>
      </nav>
      <main>
        <section id="drill" aria-live="polite"></section>
        <section id="conclusions">
          <h2>Conclusions</h2>
          <ul class="conclusions">
            ${conclusions.map(({ tone, text }) => html`<li class="${tone}"><span class="sign" aria-hidden="true">${SIGNS[tone]}</span> ${unbroken(text)}</li>`)}
          </ul>
        </section>
        <section id="cells">
          <h2>Cells</h2>
          ${filters(cells)}${cellTable(cells)}
        </section>
        <section id="figures">
          <h2>Figures</h2>
          ${figures.map(figureSection)}
        </section>
        <section id="open">
          <h2>What was inconclusive, and why</h2>
          ${undecidedTrials(cells)}
          ${
            problems.length === 0
              ? html`<p>The folder’s records were all sound.</p>`
              : html`<h3>What was wrong with the folder</h3>
                  <ul>
                    ${problems.map(({ message, count, places }) => html`<li>${message} ${plural(count, 'time')}: ${places.join(', ')}${places.length < count ? ', …' : ''}</li>`)}
                  </ul>`
          }
        </section>
        <section id="manifest">
          <h2>Manifest</h2>
          ${manifestSection(manifest)}
        </section>
      </main>
      <footer>
        Made from the records alone; the same records give the same file. Intervals are at 95 %: exact (Clopper-Pearson)
        for probabilities${sequential ? ', corrected for the looks at them' : ''}, bootstrap (BCa) for
        medians${sequential ? ', which are not' : ''}.
      </footer>
      ${pictures.map(trialPicture)}
      <script type="application/json" id="data">
        ${new Html(jsonForScript(pageData(input)))}
      </script>
      ${own('script', script)}
    </body>
  </html>`;
  return `<!doctype html>\n${render(page)}\n`;
}

function figureSection({ figure, svg }: DrawnFigure): Html {
  const { id, title, caption } = figure;
  return html`<figure id="figure-${id}">
    <h3>${title} <a href="#figure-${id}" aria-label="Link to: ${title}">#</a></h3>
    <div class="scroll" tabindex="0" role="region" aria-label="${title}">${new Html(svg)}</div>
    <figcaption>${caption}</figcaption>
  </figure> `;
}

function undecidedTrials(cells: readonly CellSummary[]): Html {
  const lines = cells.flatMap((cell, index) =>
    cell.reasons.map(
      ({ reason, trials }) =>
        html`<tr>
          <td><a href="#cell=${index}">${cellKey(cell)}</a></td>
          <td>${trials} of ${cell.trials}</td>
          <td class="wrap">${reason}</td>
        </tr>`,
    ),
  );
  const controls = cells
    .filter(
      ({ finding, verdicts, control }) => finding === 'inconclusive' && verdicts.noLeak > 0 && control !== 'leaked',
    )
    .map(
      (cell) =>
        html`<li>
          ${cellKey(cell)}: ${plural(cell.verdicts.noLeak, 'trial')} without a leak show nothing, since the arm without
          a kill switch ${cell.control === 'silent' ? 'did not leak either' : 'was not judged'}.
        </li>`,
    );
  if (lines.length + controls.length === 0) return html`<p>Every trial was judged.</p>`;
  return html`${
    controls.length === 0
      ? null
      : html`<ul>
          ${controls}
        </ul>`
  }${
    lines.length === 0
      ? null
      : html`<div class="scroll" tabindex="0" role="region" aria-label="Trials without a verdict">
          <table>
            <caption>
              Trials without a verdict
            </caption>
            <thead>
              <tr>
                <th scope="col">Cell</th>
                <th scope="col">Trials</th>
                <th scope="col">Reason</th>
              </tr>
            </thead>
            <tbody>
              ${lines}
            </tbody>
          </table>
        </div>`
  }`;
}

function manifestSection(manifest: Manifest): Html {
  const { lab, machine, versions, scenario } = manifest;
  const facts: [string, string][] = [
    ['Campaign', manifest.campaign],
    ['Started', manifest.startedAt],
    ['Seed', String(manifest.seed)],
    ['Commit', manifest.commit ?? 'unknown'],
    ['Lab', `${lab.backend}, tunnel ${lab.tunnel}, ${plural(lab.jobs, 'job')} at a time`],
    [
      'Machine',
      `${machine.kernel}, ${machine.architecture}, ${plural(machine.cores, 'core')}, ${machine.memoryMiB} MiB`,
    ],
    ...Object.entries(versions),
  ];
  return html`<dl>
      ${facts.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
    <h3>The scenario as run</h3>
    <pre tabindex="0" aria-label="Scenario file">${scenario.source}</pre>`;
}

/** What the page's script shows on demand: every trial on a line, every cell's numbers in words. */
function pageData({ summary, rows, pictures }: ReportInput): object {
  const numbers = new Map(summary.cells.map((cell, index) => [cellKey(cell), index]));
  const drawn = new Set(pictures.flatMap(({ record, svg }) => (svg === null ? [] : [record.trial])));
  return {
    noPicture:
      'No picture of this trial is embedded. Draw it with: npm run figures CAMPAIGN -- --trial ID (CAMPAIGN: the folder of this report).',
    cells: summary.cells.map((cell) => ({ title: cellKey(cell), facts: cellFacts(cell, summary) })),
    trials: rows
      .filter(({ cell }) => numbers.has(cellKey(cell)))
      .map((row) => ({
        trial: row.trial,
        cell: numbers.get(cellKey(row.cell)) ?? -1,
        verdict: row.verdict,
        reason: row.reason,
        ...trialWords(row),
        ...(drawn.has(row.trial) ? { picture: true } : {}),
      })),
  };
}

function trialWords({ measured }: TrialRow): Readonly<Record<'gap' | 'packets' | 'exposed' | 'recovery', string>> {
  if (measured === null) return { gap: '–', packets: '–', exposed: '–', recovery: '–' };
  const { gapSeconds, gapCensored, clearPackets, exposedTo, recoverySeconds } = measured;
  const told = PARTIES.filter((party) => exposedTo[party] > 0).map((party) => `${party} ${exposedTo[party]}`);
  return {
    gap: gapSeconds === null ? '–' : `${gapCensored ? 'at least ' : ''}${duration(gapSeconds)}`,
    packets: String(clearPackets),
    exposed: told.length === 0 ? 'none' : told.join(', '),
    recovery: recoverySeconds === null ? 'none' : duration(recoverySeconds),
  };
}

function cellFacts(cell: CellSummary, { comparisons }: Summary): [string, string][] {
  const against = comparisons.find((one) => cellKey(one) === cellKey(cell));
  const { sign, word } = FINDINGS[cell.finding];
  const survival = cell.addressSurvivalSeconds;
  const facts: [string, string | null][] = [
    ['Found', `${sign} ${word}`],
    [
      'Control arm',
      {
        leaked: 'leaked in every judged trial',
        partly: 'leaked in some trials',
        silent: 'did not leak',
        absent: 'was not judged',
      }[cell.control],
    ],
    ['Leak probability', leakWords(cell)],
    ['Gap', gapWords(cell.gapSeconds)],
    ['Detection', cell.detectionSeconds === null ? null : interval(cell.detectionSeconds, duration)],
    ['Switch latency', cell.switchLatencySeconds === null ? null : interval(cell.switchLatencySeconds, duration)],
    ['Clear packets', interval(cell.clearPackets, digits)],
    ['Clear bytes', interval(cell.clearBytes, bytes)],
    ['Address learnt by (trials)', exposedWords(cell)],
    ...swarmFacts(cell),
    ['Recovery', recoveryWords(cell)],
    [
      'Knocked at after containment',
      survival === null
        ? null
        : `median ${survival.median === null ? 'beyond what was watched' : duration(survival.median)} over ${plural(survival.trials, 'trial')}, ${survival.censored} censored`,
    ],
    ['Clear packets before the fault', cell.baselineLeaks === 0 ? null : `in ${plural(cell.baselineLeaks, 'trial')}`],
    [
      'Against no switch',
      against === undefined || against.leak === null
        ? null
        : `${against.outcome.replaceAll('-', ' ')}; difference in leak probability ${against.leak.difference < 0 ? '−' : ''}${percent(Math.abs(against.leak.difference))}, Fisher p (Holm) ${pWords(against.leak.pHolm)}`,
    ],
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] satisfies [string, string]]));
}

function recoveryWords({ recoverySeconds, notRecovered }: CellSummary): string {
  const never = notRecovered === 0 ? [] : [`none in ${plural(notRecovered, 'trial')}`];
  return [...(recoverySeconds === null ? [] : [interval(recoverySeconds, duration)]), ...never].join('; ') || '–';
}

function pWords(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** Keeps a number and its unit on one line. */
function unbroken(text: string): string {
  return text.replace(/(\d) (%|ns|µs|ms|s|min|B|kB|MB)(?![a-z])/g, '$1\u00a0$2');
}

/** JSON that cannot end its script element. */
function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}
