import assert from 'node:assert/strict';
import { request } from 'node:http';
import * as z from 'zod';
import { openDashboard, type Dashboard } from '../../src/commands/dashboard.ts';
import type { Manifest } from '../../src/records/manifest.ts';
import { RECORDS_VERSION } from '../../src/records/vocabulary.ts';
import { testCell } from '../kit/cells.ts';
import { recordOf } from '../kit/invented-trial.ts';

const CELL = testCell();
const MANIFEST: Manifest = {
  version: RECORDS_VERSION,
  campaign: 'c',
  startedAt: '2026-01-01T00:00:00Z',
  scenario: {
    name: 's',
    title: 'A title with <angle brackets>',
    hypothesis: 'H',
    source: '',
    cells: [CELL],
    trialsPerCell: 2,
    mustNotLeak: [],
  },
  seed: 1,
  lab: { backend: 'netns', tunnel: 'wg-quick', jobs: 2 },
  versions: {},
  machine: { kernel: 'k', architecture: 'a', cores: 2, memoryMiB: 1 },
  commit: null,
};

const stateSchema = z.object({
  title: z.string(),
  done: z.number(),
  total: z.number(),
  running: z.array(z.object({ trial: z.string(), stage: z.string() })),
  latest: z.array(z.object({ trial: z.string(), verdict: z.string() })),
  cells: z.array(z.object({ verdicts: z.record(z.string(), z.number()) })),
});

/** The states a page is sent, as they come. */
async function* states(url: string): AsyncGenerator<z.infer<typeof stateSchema>, undefined> {
  const response = await fetch(`${url}events`);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(z.instanceof(Uint8Array).parse(chunk), { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield stateSchema.parse(JSON.parse(text.slice('data: '.length, end)));
      text = text.slice(end + 2);
    }
  }
  return undefined;
}

describe('the dashboard', () => {
  let dashboard: Dashboard;
  beforeEach(async () => {
    dashboard = await openDashboard(MANIFEST, 10);
  });
  afterEach(() => dashboard[Symbol.asyncDispose]());

  it('listens on the loopback device only, and loads nothing from anywhere', async () => {
    assert.match(dashboard.url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await fetch(dashboard.url);
    assert.match(
      page.headers.get('content-security-policy') ?? '',
      /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/,
    );
    assert.doesNotMatch(page.headers.get('content-security-policy') ?? '', /unsafe/);
    assert.doesNotMatch(await page.text(), /https?:\/\//);
  });

  it('answers no page of another origin, whatever name that gave to this address', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request(`${dashboard.url}events`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.once('error', reject).end();
    });
    assert.equal(status, 421);
    assert.equal((await fetch(`${dashboard.url}manifest.json`)).status, 404);
  });

  it('follows a campaign from its sealed trials through those under way to their verdicts', async () => {
    const record = recordOf({});
    const stream = states(dashboard.url);
    assert.equal((await stream.next()).value?.title, MANIFEST.scenario.title);
    dashboard.begun({
      earlier: [{ ...record, trial: 'early', cell: CELL, measures: { verdict: 'leak' } }],
      waiting: 1,
    });
    const begun = (await stream.next()).value;
    assert.deepEqual([begun?.done, begun?.total, begun?.cells[0]?.verdicts], [1, 2, { leak: 1 }]);
    dashboard.trialStarted(record.trial);
    dashboard.trialStage(record.trial, 'outage');
    const running = (await stream.next()).value;
    assert.deepEqual(
      running?.running.map(({ trial, stage }) => [trial, stage]),
      [[record.trial, 'outage']],
    );
    dashboard.trialSealed({ ...record, cell: CELL }, { waiting: 0, jobs: 2 });
    const sealed = (await stream.next()).value;
    assert.deepEqual([sealed?.done, sealed?.total, sealed?.running], [2, 2, []]);
    assert.deepEqual(sealed?.cells[0]?.verdicts, { leak: 1, inconclusive: 1 });
    assert.equal(sealed.latest[0]?.trial, record.trial);
    await stream.return(undefined);
  });
});
