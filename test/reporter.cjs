// mocha's spec reporter, with two plain closing lines that any tool can read: which files took longest, and how many tests
// passed. mocha loads reporters with require.
const { appendFileSync } = require('node:fs');
const path = require('node:path');
const Mocha = require('mocha');

const SLOWEST = 40;
/** Where `npm test` wants the counts (src/commands/test-runs.ts), and no mocha that a test may start. */
const COUNTS_VARIABLE = 'KSL_TEST_COUNTS';

module.exports = class PlainClosing extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const counts = process.env[COUNTS_VARIABLE];
    delete process.env[COUNTS_VARIABLE];
    const seconds = new Map();
    // Files may be run side by side and told of when they have ended: what counts is what each test and hook says it took.
    const add = ({ file = '?', duration = 0 }) => seconds.set(file, (seconds.get(file) ?? 0) + duration / 1000);
    runner.on('test end', add);
    runner.on('hook end', add);
    runner.once('end', () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats;
      const slowest = [...seconds].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
      const said = slowest.map(([file, took]) => `${path.relative('test', file)} ${took.toFixed(0)} s`);
      console.log(`Longest: ${said.join(', ')}`);
      console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
      if (counts !== undefined) appendFileSync(counts, `${JSON.stringify({ passed, failed, skipped })}\n`);
    });
  }
};
