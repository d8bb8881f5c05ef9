/**
 * `--watch`: a page on the loopback device that shows a campaign while it runs: progress, the labs under way, the latest
 * verdicts, and the matrix as it fills. One request brings the page, one stream of server-sent events keeps it; nothing
 * is loaded from anywhere else. The terminal view stays enough without it.
 */
import { createServer, type ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { ownParts, pagePolicy } from '../contracts/page-policy.ts';
import { asset } from '../contracts/places.ts';
import type { CampaignEvents } from '../harness/campaign/campaign.ts';
import { namesOf, type CellNames } from '../records/identity.ts';
import type { Manifest } from '../records/manifest.ts';
import type { TrialRecord } from '../records/trial-record.ts';
import { TimeLeft } from '../harness/campaign/time-left.ts';

const LOOPBACK = '127.0.0.1';
/** Verdicts kept on the page. */
const LATEST = 30;

interface Tally {
  readonly cell: CellNames;
  readonly verdicts: Record<string, number>;
}

export interface Dashboard extends CampaignEvents, AsyncDisposable {
  readonly url: string;
}

/** Serves the page on a free port of 127.0.0.1 until disposed. `trialSeconds`: what a trial is planned to take. */
export async function openDashboard(manifest: Manifest, trialSeconds: number): Promise<Dashboard> {
  const state = new CampaignState(manifest, trialSeconds);
  const pages = new Set<ServerResponse>();
  const page = readFileSync(asset('commands/dashboard.html'), 'utf8');
  const policy = pagePolicy(ownParts(page), "connect-src 'self'", "frame-ancestors 'none'");
  const server = createServer((request, response) => {
    // A page of another origin that guessed the port must not read along: its Host header gives it away.
    if (request.headers.host !== `${LOOPBACK}:${portOf(server.address())}`) {
      response.writeHead(421).end();
    } else if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(message(state));
      pages.add(response);
      response.once('close', () => pages.delete(response));
    } else if (request.url === '/') {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
      });
      response.end(page);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, LOOPBACK, resolve);
  });
  let pending: NodeJS.Immediate | null = null;
  const changed = (): void => {
    // Many events of one turn are one picture.
    pending ??= setImmediate(() => {
      pending = null;
      const text = message(state);
      for (const each of pages) each.write(text);
    });
  };
  return {
    url: `http://${LOOPBACK}:${portOf(server.address())}/`,
    begun: (campaign) => {
      state.begun(campaign);
      changed();
    },
    trialStarted: (trial) => {
      state.running.set(trial, { stage: 'opening the lab', began: Date.now() });
      state.waiting -= 1;
      changed();
    },
    trialStage: (trial, stage) => {
      const running = state.running.get(trial);
      if (running !== undefined) running.stage = stage;
      changed();
    },
    trialSealed: (record, now) => {
      state.sealed(record, now);
      changed();
    },
    async [Symbol.asyncDispose]() {
      for (const each of pages) each.end();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

class CampaignState {
  readonly running = new Map<string, { stage: string; began: number }>();
  waiting = 0;
  readonly #manifest: Manifest;
  readonly #tallies: readonly Tally[];
  readonly #latest: { trial: string; verdict: string; reason: string }[] = [];
  readonly #left: TimeLeft;
  #done = 0;
  #jobs: number;

  constructor(manifest: Manifest, trialSeconds: number) {
    this.#manifest = manifest;
    this.#tallies = manifest.scenario.cells.map((cell) => ({ cell: namesOf(cell), verdicts: {} }));
    this.#left = new TimeLeft(trialSeconds);
    this.#jobs = manifest.lab.jobs;
  }

  begun({ earlier, waiting }: Parameters<CampaignEvents['begun']>[0]): void {
    this.waiting = waiting;
    this.#done = earlier.length;
    for (const { cell, measures } of earlier) this.#count(cell, measures?.verdict);
  }

  sealed(record: TrialRecord, now: Parameters<CampaignEvents['trialSealed']>[1]): void {
    const began = this.running.get(record.trial)?.began ?? Date.now();
    this.#left.ended((Date.now() - began) / 1000);
    this.running.delete(record.trial);
    this.waiting = now.waiting;
    this.#jobs = now.jobs;
    this.#done += 1;
    const verdict = this.#count(record.cell, record.measures?.verdict);
    this.#latest.unshift({ trial: record.trial, verdict, reason: record.measures?.reason ?? 'no measures' });
    this.#latest.length = Math.min(this.#latest.length, LATEST);
  }

  toJSON(): object {
    const now = Date.now();
    const running = [...this.running].map(([trial, { stage, began }]) => ({
      trial,
      stage,
      seconds: Math.round((now - began) / 1000),
    }));
    const since = running.map(({ seconds }) => seconds);
    return {
      title: this.#manifest.scenario.title,
      campaign: this.#manifest.campaign,
      done: this.#done,
      total: this.#done + this.running.size + this.waiting,
      jobs: this.#jobs,
      left: { seconds: this.#left.seconds(since, this.waiting, this.#jobs), measured: this.#left.measured },
      perCell: this.#manifest.scenario.trialsPerCell,
      cells: this.#tallies,
      running,
      latest: this.#latest,
    };
  }

  #count(cell: CellNames, verdict = 'inconclusive'): string {
    const tally = this.#tallies.find(
      (each) =>
        each.cell.client === cell.client &&
        each.cell.killSwitch === cell.killSwitch &&
        each.cell.fault === cell.fault &&
        each.cell.moment === cell.moment,
    );
    if (tally !== undefined) tally.verdicts[verdict] = (tally.verdicts[verdict] ?? 0) + 1;
    return verdict;
  }
}

function message(state: CampaignState): string {
  return `data: ${JSON.stringify(state)}\n\n`;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
