/**
 * The report in a real browser. Needs Chromium (Debian's `chromium`), which nothing else of the project does: without it
 * these tests are skipped and say so. Does not measure how the page looks, only that it can be read and used.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import * as z from 'zod';
import { deriveCampaign } from '../../../src/analysis/campaign/derive.ts';
import type { Summary } from '../../../src/analysis/summary/schema.ts';
import { SYNTHETIC_PLAN, SYNTHETIC_SWITCHES, writeSyntheticCampaign } from '../../../src/bench/synthetic.ts';

const BROWSERS = [
  process.env['CHROMIUM'] ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const axeSchema = z.array(
  z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
);

const PLAN = {
  ...SYNTHETIC_PLAN,
  timelines: true,
  trialsPerCell: 4,
  failing: 0.1,
  switches: [
    ...SYNTHETIC_SWITCHES,
    { id: 'netns', family: 'namespace', leak: 0, gapSeconds: 0, unsupportedBy: ['webtorrent'] } as const,
  ],
};

let browser: Browser | undefined;
let folder = '';
let summary: Summary;
let page: Page;
let requests: string[] = [];
let errors: string[] = [];

const open = (hash = ''): Promise<unknown> => page.goto(`${pathToFileURL(join(folder, 'report.html')).href}${hash}`);

const visible = (): Promise<number> => page.locator('#cell-table tbody tr:visible').count();

const violations = async (): Promise<string[]> => {
  // The page's own policy lets no file in; the checker comes through the debugger instead.
  await page.evaluate(await readFile(AXE, 'utf8'));
  const found: unknown = await page.evaluate('axe.run().then(({ violations }) => violations)');
  return axeSchema.parse(found).map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html ?? ''}`);
};

function asItOpens(): void {
  it('asks for nothing but itself', async () => {
    await open();
    assert.equal(requests.length, 1);
  });

  it('has no script and no style but its own, in no attribute either', async () => {
    const text = await readFile(join(folder, 'report.html'), 'utf8');
    assert.match(text, /Content-Security-Policy" content="default-src &#39;none&#39;; script-src &#39;sha256-/);
    assert.doesNotMatch(text, /unsafe-inline/);
    const tags = text.match(/<[a-z][^>]*>/gi) ?? [];
    assert.deepEqual(
      tags.filter((tag) => /\s(?:style|on[a-z]+)\s*=/i.test(tag.replace(/"[^"]*"/g, '""'))),
      [],
    );
    await open();
    await page.evaluate('document.body.insertAdjacentHTML("beforeend", "<p id=planted style=color:red>x</p>")');
    assert.notEqual(
      await page.evaluate('getComputedStyle(document.getElementById("planted")).color'),
      'rgb(255, 0, 0)',
    );
    errors = errors.filter((message) => !message.includes('Content Security Policy'));
  });

  it('opens with the conclusions, then the table, then the figures', async () => {
    await open();
    const text = (await page.locator('main').innerText()).replaceAll('\u00a0', ' ');
    const places = [summary.conclusions[0]!.text, 'cells shown', 'What was found, cell by cell'].map((part) =>
      text.indexOf(part),
    );
    assert.ok(
      places.every((place) => place >= 0),
      places.join(),
    );
    assert.deepEqual(
      [...places].sort((a, b) => a - b),
      places,
    );
    assert.equal(await visible(), summary.cells.length);
  });

  it('has no accessibility violation that axe knows, on the whole and on a trial', async () => {
    await open();
    assert.deepEqual(await violations(), []);
    await page.goto('about:blank');
    const trial = /id="picture-(t\d+)"/.exec(await readFile(join(folder, 'report.html'), 'utf8'))![1]!;
    await open(`#trial=${trial}`);
    assert.deepEqual(await violations(), []);
  });
}

function asItIsSearched(): void {
  it('filters by client, switch and fault, and gives each view an address', async () => {
    await open();
    await page.getByRole('combobox', { name: 'Client' }).selectOption('webtorrent');
    await page.getByRole('combobox', { name: 'Kill switch' }).selectOption('none');
    const expected = summary.cells.filter((cell) => cell.client === 'webtorrent' && cell.killSwitch === 'none');
    assert.equal(await visible(), expected.length);
    const address = page.url();
    assert.match(address, /#cells&client=webtorrent&killSwitch=none/);
    await page.goto('about:blank');
    await page.goto(address);
    assert.equal(await visible(), expected.length);
    assert.equal(await page.getByRole('combobox', { name: 'Client' }).inputValue(), 'webtorrent');
    await page.getByRole('button', { name: 'Show all' }).click();
    assert.equal(await visible(), summary.cells.length);
  });

  it('sorts by number, missing last, both ways', async () => {
    await open();
    const gaps = async (): Promise<string[]> => {
      const cells = await page.locator('#cell-table tbody tr td:nth-child(8)').all();
      return Promise.all(cells.map(async (cell) => (await cell.getAttribute('data-value')) ?? ''));
    };
    const medians = summary.cells.flatMap(({ gapSeconds }) => gapSeconds?.median ?? []).sort((a, b) => a - b);
    await page.getByRole('button', { name: 'Gap' }).click();
    const missing = Array<string>(summary.cells.length - medians.length).fill('');
    assert.deepEqual(await gaps(), [...medians.map(String), ...missing]);
    await page.getByRole('button', { name: 'Gap' }).click();
    assert.deepEqual(await gaps(), [...medians.reverse().map(String), ...missing]);
    assert.match(page.url(), /sort=gap&down=1/);
  });

  it('goes from a cell to a trial to its timeline, packets and exposures, and back', async () => {
    await open();
    const index = summary.cells.findIndex((cell) => cell.killSwitch === 'none');
    const cell = summary.cells[index]!;
    await page.locator('#cell-table tbody tr').nth(index).getByRole('link').click();
    await page.getByRole('heading', { name: `Cell: ${cell.client} / none` }).waitFor();
    assert.equal(await page.locator('#drill tbody tr').count(), cell.trials);
    await page
      .locator('#drill')
      .getByRole('link', { name: /picture/ })
      .first()
      .click();
    await page.getByRole('heading', { name: /^Trial t/ }).waitFor();
    const drill = page.locator('#drill');
    assert.ok(await drill.getByRole('img', { name: /Timeline of trial/ }).isVisible());
    assert.match(await drill.innerText(), /Clear packets by phase and class/);
    assert.match(await drill.innerText(), /Who learnt the real address/);
    await page.goBack();
    await page.getByRole('heading', { name: `Cell: ${cell.client} / none` }).waitFor();
  });

  it('says what it does not have', async () => {
    await open('#trial=t99999');
    assert.match(await page.locator('#drill').innerText(), /no trial t99999/);
  });

  it('tells what was inconclusive and why', async () => {
    await open('#open');
    assert.match(await page.locator('#open').innerText(), /no piece arrived through the tunnel/);
  });
}

function withLess(): void {
  it('can be read on a phone: nothing but tables and pictures is wider than the screen', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open();
    const widths = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
    const [content, screen] = z.tuple([z.number(), z.number()]).parse(widths);
    assert.ok(content <= screen, `${content} > ${screen}`);
    const box = await page.locator('main li').first().boundingBox();
    assert.ok(box !== null && box.width <= 360);
  });

  it('is all there without its script', async () => {
    const context = await browser!.newContext({ javaScriptEnabled: false });
    const still = await context.newPage();
    await still.goto(pathToFileURL(join(folder, 'report.html')).href);
    assert.equal(await still.locator('#cell-table tbody tr').count(), summary.cells.length);
    assert.equal(await still.locator('#figures svg').first().isVisible(), true);
    await context.close();
  });
}

describe('report.html in Chromium', function () {
  this.timeout(60_000);
  before(async function () {
    const executablePath = BROWSERS.find((path) => path !== '' && existsSync(path));
    if (executablePath === undefined) {
      console.log('      no Chromium here (Debian: apt-get install chromium): the report is not tested in a browser');
      this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    await writeSyntheticCampaign(folder, PLAN);
    summary = await deriveCampaign(folder);
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
  });
  after(async () => {
    await browser?.close();
    if (folder !== '') await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    requests = [];
    errors = [];
    page = await browser!.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
  });
  afterEach(async () => {
    assert.deepEqual(errors, []);
    await page.close();
  });

  describe('as it opens', asItOpens);
  describe('as it is searched', asItIsSearched);
  describe('without a wide screen or a script', withLess);
});
