/** The terminal view: what is running, what has come out, and at the end a table a person can read. */
import Table from 'cli-table3';
import { createLogUpdate } from 'log-update';
import type { Summary } from '../analysis/summary/schema.ts';
import type { CampaignEvents } from './campaign.ts';
import { describeSeconds } from './durations.ts';
import type { TrialRecord } from './records.ts';

/** Progress of a campaign. On a terminal one live block; elsewhere one line a sealed trial. */
export class ProgressView implements CampaignEvents {
  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #live: ReturnType<typeof createLogUpdate> | null;
  readonly #running = new Map<string, { stage: string; since: number }>();
  readonly #began = Date.now();
  #alreadyDone: number;
  #sealed = 0;
  readonly #verdicts = new Map<string, number>();

  constructor(total: number, alreadyDone: number, stream: NodeJS.WriteStream) {
    this.#total = total;
    this.#alreadyDone = alreadyDone;
    this.#stream = stream;
    this.#live = stream.isTTY ? createLogUpdate(stream) : null;
  }

  trialStarted(trial: string): void {
    this.#running.set(trial, { stage: 'opening the lab', since: Date.now() });
    this.#draw();
  }

  trialStage(trial: string, stage: string): void {
    this.#running.set(trial, { stage, since: Date.now() });
    this.#draw();
  }

  trialSealed(record: TrialRecord): void {
    this.#running.delete(record.trial);
    this.#sealed += 1;
    const verdict = record.measures?.verdict ?? 'inconclusive';
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1);
    if (this.#live === null) {
      const done = this.#alreadyDone + this.#sealed;
      this.#stream.write(`[${done}/${this.#total}] ${record.trial}: ${verdict} - ${reasonOf(record)}\n`);
    }
    this.#draw();
  }

  end(): void {
    this.#live?.clear();
  }

  #draw(): void {
    if (this.#live === null) return;
    const done = this.#alreadyDone + this.#sealed;
    const perTrial = (Date.now() - this.#began) / 1000 / Math.max(1, this.#sealed);
    const left = this.#sealed === 0 ? 'unknown' : describeSeconds(perTrial * (this.#total - done));
    const verdicts = [...this.#verdicts].map(([verdict, times]) => `${verdict} ${times}`).join(', ');
    const running = [...this.#running].map(([trial, { stage }]) => `  ${trial}: ${stage}`);
    this.#live(
      [`${done}/${this.#total} trials, left: ${left}${verdicts ? `; ${verdicts}` : ''}`, ...running].join('\n'),
    );
  }
}

function reasonOf(record: TrialRecord): string {
  if (record.measures !== null) return record.measures.reason;
  return record.outcome.status === 'completed' ? 'no measures' : record.outcome.reason;
}

/** The summary as a table for the terminal: one row a cell. */
export function summaryTable(summary: Summary): string {
  const table = new Table({
    head: ['client', 'kill switch', 'fault', 'leaked', 'gap s', 'clear packets', 'who learnt the address'],
    style: { head: [], border: [] },
  });
  for (const cell of summary.cells) {
    const judged = cell.verdicts.leak + cell.verdicts.noLeak;
    table.push([
      cell.client,
      cell.killSwitch,
      cell.fault,
      judged === 0 ? cell.finding : `${cell.verdicts.leak} of ${judged}`,
      cell.gapSeconds === null
        ? '-'
        : `${cell.gapSeconds.medianIsLowerBound ? '>' : ''}${cell.gapSeconds.median.toFixed(2)}`,
      cell.clearPackets === null ? '-' : String(cell.clearPackets.median),
      Object.entries(cell.exposures)
        .filter(([, trials]) => trials > 0)
        .map(([party]) => party)
        .join(', ') || '-',
    ]);
  }
  const { trials } = summary;
  const remarks = [
    `${trials.recorded} of ${trials.planned} trials recorded: ${trials.leak} leaked, ${trials.noLeak} did not, ` +
      `${trials.inconclusive} inconclusive, ${trials.unsupported} unsupported.`,
    ...summary.conclusions.map((conclusion) => `- ${conclusion.text}`),
  ];
  return [table.toString(), ...remarks].join('\n');
}
