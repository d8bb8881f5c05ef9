/** What a person sees of a campaign in a terminal and in a file: widths, colours, and one that was interrupted. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { EXIT } from '../../src/contracts/errors.ts';
import { sayInterrupted } from '../../src/commands/kinds/stop.ts';
import { ProgressView, summaryTable } from '../../src/commands/view.ts';
import { summarise } from '../../src/analysis/summary/summarise.ts';
import { rowOf } from '../../src/analysis/summary/rows.ts';
import { SYNTHETIC_PLAN, syntheticManifest, syntheticTrials } from '../../src/bench/synthetic.ts';
import { commandLine } from '../kit/command-line.ts';
import { caught } from '../kit/spoken.ts';
import { recordOf } from '../kit/invented-trial.ts';
import { manifestOf, trials } from '../kit/summary-rows.ts';

const PLAN = { ...SYNTHETIC_PLAN, clients: ['transmission'], trialsPerCell: 3 };
const MANIFEST = syntheticManifest(PLAN);
const SUMMARY = summarise(
  MANIFEST,
  [...syntheticTrials(PLAN)].map((record) => rowOf(record, record.measures)),
  [],
);
const LONG = 'client-bind+app-kill(poll=2s)+wg-quick-postup';

const isOfTable = (line: string): boolean => /^[┌├└│]/.test(line);
const ESCAPE = '\u001b';

/** A stream that is no terminal, and what was written to it. */
function file(): { stream: PassThrough; written: () => string } {
  const stream = new PassThrough({ encoding: 'utf8' });
  return { stream, written: () => String(stream.read() ?? '') };
}

describe('the table of a campaign', () => {
  for (const columns of [80, 100, 160]) {
    it(`fits ${columns} columns and names every cell`, () => {
      for (const summary of [SUMMARY, summarise(manifestOf('none', LONG), trials(2, LONG, 'no-leak'), [])]) {
        const table = summaryTable(summary, columns).split('\n').filter(isOfTable);
        assert.ok(table.length > summary.cells.length);
        for (const line of table) assert.ok(line.length <= columns, line);
        for (const { client, killSwitch, fault } of summary.cells) {
          for (const name of [client, ...killSwitch.split(/(?=\+)/), fault]) {
            assert.ok(
              table.some((line) => line.includes(name)),
              `${name} at ${columns}`,
            );
          }
        }
      }
    });
  }

  it('has a row a cell where there is room, and the names below each other where there is not', () => {
    assert.match(summaryTable(SUMMARY, 160), /│ transmission │ app-kill\(poll=2s\) │ link-down +│/);
    assert.match(summaryTable(SUMMARY, 80), /│ transmission +│.*\n│ app-kill\(poll=2s\) +│.*\n│ link-down +│/);
  });

  it('says in sentences of every cell and conclusion, at any width, what was found', () => {
    for (const columns of [80, 160]) {
      const lines = summaryTable(SUMMARY, columns).split('\n');
      for (const { client, killSwitch, fault, sentence } of SUMMARY.cells) {
        assert.ok(lines.includes(`- ${client}, ${killSwitch}, ${fault}: ${sentence}`), sentence);
      }
      for (const { text } of SUMMARY.conclusions) assert.ok(lines.includes(`- ${text}`), text);
    }
  });

  it('has no colour, nor anything else that steers a terminal', () => {
    assert.ok(!summaryTable(SUMMARY, 80).includes(ESCAPE));
    for (const what of ['--clients', '--switches', '--faults']) {
      const { out, err } = commandLine('scenario', '--list', what);
      assert.ok(out.includes('│') && !(out + err).includes(ESCAPE), what);
    }
  });
});

describe('a campaign that was interrupted', () => {
  it('counts what was recorded against what was planned, and says nothing of cells without a trial', () => {
    const summary = summarise(manifestOf('none', 'ufw'), trials(3, 'none', 'leak'), []);
    const text = summaryTable(summary, 160);
    assert.match(text, /^3 of 40 trials recorded: 3 leaked, 0 did not, 0 inconclusive, 0 unsupported\.$/m);
    assert.match(text, /^- transmission, ufw, link-down: Nothing was measured\.$/m);
  });

  it('says how to go on, and ends with the exit code of an interruption', async () => {
    const { code, err } = await caught(() => Promise.resolve(sayInterrupted('--resume results/mine')));
    assert.equal(code, EXIT.interrupted);
    assert.equal(err, 'killswitch-lab: interrupted; to go on: npm run scenario -- --resume results/mine\n');
  });

  it('that goes on says how many trials are sealed and how many are left', () => {
    const { stream, written } = file();
    new ProgressView(stream, 1, 10).begun({ earlier: [recordOf({})], waiting: 3 });
    assert.equal(written(), '1 trials are sealed already, 3 are left\n');
  });
});

describe('the progress of a campaign that goes to a file', () => {
  it('is a line a sealed trial, without anything that steers a terminal', () => {
    const { stream, written } = file();
    const view = new ProgressView(stream, 1, 10);
    view.begun({ earlier: [], waiting: 2 });
    view.trialStarted('t00001');
    view.trialStage('t00001', 'sealing');
    assert.equal(written(), '');
    view.trialSealed(recordOf({}), { waiting: 1, jobs: 1 });
    view.end();
    assert.match(written(), /^\[1\/2, .* left\] t00001: inconclusive - no measures\n$/);
  });
});
