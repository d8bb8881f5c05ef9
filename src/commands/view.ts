/** The terminal view: what is running, what has come out, and at the end a table a person can read. */
import { createLogUpdate } from 'log-update';
import { isPlacebo } from '../records/identity.ts';
import {
  accountOf,
  backWords,
  badness,
  causeWords,
  lastClientWords,
  learntIn,
  reachWords,
} from '../analysis/summary/reach-words.ts';
import type { Summary } from '../analysis/summary/schema.ts';
import type { CampaignEvents } from '../harness/campaign/campaign.ts';
import { terminalText } from '../contracts/media.ts';
import { describeSeconds } from '../contracts/durations.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import { layOut, type TextTable } from './text-table.ts';
import { TimeLeft } from '../harness/campaign/time-left.ts';

/** Several look on at the same campaign. */
export function everyone(views: readonly CampaignEvents[]): CampaignEvents {
  return {
    begun: (campaign) => views.forEach((view) => view.begun(campaign)),
    trialStarted: (trial) => views.forEach((view) => view.trialStarted(trial)),
    trialStage: (trial, stage) => views.forEach((view) => view.trialStage(trial, stage)),
    trialSealed: (record, now) => views.forEach((view) => view.trialSealed(record, now)),
  };
}

/** Terminal, or a stream that is none. */
type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Progress of a campaign. On a terminal one live block; elsewhere one line a sealed trial. */
export class ProgressView implements CampaignEvents {
  readonly #stream: Output;
  readonly #live: ReturnType<typeof createLogUpdate> | null;
  readonly #running = new Map<string, { stage: string; began: number }>();
  readonly #verdicts = new Map<string, number>();
  readonly #left: TimeLeft;
  #done = 0;
  #waiting = 0;
  #jobs: number;

  /** `trialSeconds`: what a trial is planned to take, until the first has ended. */
  constructor(stream: Output, jobs: number, trialSeconds: number) {
    this.#stream = stream;
    this.#jobs = jobs;
    this.#left = new TimeLeft(trialSeconds);
    this.#live = stream.isTTY === true ? createLogUpdate(stream) : null;
  }

  begun({ earlier, waiting }: Parameters<CampaignEvents['begun']>[0]): void {
    this.#done = earlier.length;
    this.#waiting = waiting;
    for (const { measures } of earlier) this.#count(measures?.verdict);
    if (earlier.length > 0) this.#stream.write(`${earlier.length} trials are sealed already, ${waiting} are left\n`);
  }

  trialStarted(trial: string): void {
    this.#running.set(trial, { stage: 'opening the lab', began: Date.now() });
    this.#waiting -= 1;
    this.#draw();
  }

  trialStage(trial: string, stage: string): void {
    const running = this.#running.get(trial);
    if (running !== undefined) running.stage = stage;
    this.#draw();
  }

  trialSealed(record: TrialRecord, now: Parameters<CampaignEvents['trialSealed']>[1]): void {
    this.#left.ended((Date.now() - (this.#running.get(record.trial)?.began ?? Date.now())) / 1000);
    this.#running.delete(record.trial);
    this.#waiting = now.waiting;
    this.#jobs = now.jobs;
    this.#done += 1;
    const verdict = this.#count(record.measures?.verdict);
    if (this.#live === null) {
      this.#stream.write(terminalText(`${this.progress} ${record.trial}: ${verdict} - ${reasonOf(record)}\n`));
    }
    this.#draw();
  }

  end(): void {
    this.#live?.clear();
  }

  /** «[12/24, 2 min 5 s left]»; what is done and to be done counts repeated trials. */
  get progress(): string {
    const now = Date.now();
    const running = [...this.#running.values()].map(({ began }) => (now - began) / 1000);
    const seconds = this.#left.seconds(running, this.#waiting, this.#jobs);
    const left = `${this.#left.measured ? '' : 'by plan '}${describeSeconds(seconds)} left`;
    return `[${this.#done}/${this.#done + this.#running.size + this.#waiting}, ${left}]`;
  }

  #count(verdict = 'inconclusive'): string {
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1);
    return verdict;
  }

  #draw(): void {
    if (this.#live === null) return;
    const verdicts = [...this.#verdicts].map(([verdict, times]) => `${verdict} ${times}`).join(', ');
    const running = [...this.#running].map(([trial, { stage }]) => `  ${trial}: ${stage}`);
    this.#live(terminalText([`${this.progress} ${this.#jobs} at a time  ${verdicts}`, ...running].join('\n')));
  }
}

function reasonOf(record: TrialRecord): string {
  if (record.measures !== null) return record.measures.reason;
  return record.outcome.status === 'completed' ? 'no measures' : record.outcome.reason;
}

/** The summary as a table for the terminal, `columns` wide: one row a cell, and below it what the campaign came to. */
export function summaryTable(summary: Summary, columns: number): string {
  const { trials } = summary;
  const remarks = [
    `${trials.recorded} of ${summary.sequential ? 'at most ' : ''}${trials.planned} trials recorded: ${trials.leak} leaked, ${trials.noLeak} did not, ` +
      `${trials.inconclusive} inconclusive, ${trials.unsupported} unsupported.`,
    ...accounts(summary),
    ...summary.conclusions.map((conclusion) => `- ${conclusion.text}`),
  ];
  return terminalText([cellTable(summary, columns), ...remarks].join('\n'));
}

/** More cells than this would fill the screen with sentences; the report has them all. */
const MOST_ACCOUNTS = 24;

/** A sentence a cell on who was told what, before the fault and in the outage, and whether the fall did it. */
function accounts({ cells }: Summary): string[] {
  const told = inTable(cells).filter(({ finding }) => finding !== 'unsupported');
  return told.length > MOST_ACCOUNTS ? [] : told.map((cell) => `- ${accountOf(cell)}`);
}

/** Cells of a table, the worst first. A placebo arm has no row: each row has its figures in its own last column. */
function inTable(cells: Summary['cells']): Summary['cells'] {
  return cells.filter((cell) => !isPlacebo(cell) || cells.every(isPlacebo)).sort((a, b) => badness(a) - badness(b));
}

/** A cell's three names stand side by side where there is room for it, and below each other where there is not. */
function cellTable({ cells }: Summary, columns: number): string {
  const found = ['before the fault', 'while the tunnel was down', 'did the fall do it?', 'until s', 'back'];
  const shown = inTable(cells);
  const sideBySide = layOut(
    {
      head: ['client', 'kill switch', 'fault', ...found],
      rows: shown.map((cell) => [[cell.client], [cell.killSwitch], [cell.fault], ...foundIn(cell)]),
    },
    columns,
  );
  if (sideBySide.split('\n').every((line) => line.length <= columns)) return sideBySide;
  const rows = shown.map((cell) => [[cell.client, ...cell.killSwitch.split(/(?=\+)/), cell.fault], ...foundIn(cell)]);
  return layOut({ head: ['client, kill switch, fault', ...found], rows }, columns);
}

function foundIn(cell: Summary['cells'][number]): TextTable['rows'][number] {
  const { found, cause, finding } = cell;
  if (found === null) return [[finding], ['-'], ['-'], ['-'], ['-']];
  return [
    [reachWords(found, 'before'), ...learntIn(found, 'before')],
    [reachWords(found, 'outage'), ...learntIn(found, 'outage')],
    [causeWords(cause)],
    [lastClientWords(found)],
    [backWords(found)],
  ];
}
