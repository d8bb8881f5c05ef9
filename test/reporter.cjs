// mocha's spec reporter, with two plain closing lines that any tool can read: which files took longest, and how many tests
// passed. mocha loads reporters with require.
const path = require('node:path');
const Mocha = require('mocha');

const SLOWEST = 40;

module.exports = class PlainClosing extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const seconds = new Map();
    let since = performance.now();
    // Hooks count too: a file has what passed since the last test of another one ended.
    runner.on('test end', ({ file = '?' }) => {
      const now = performance.now();
      seconds.set(file, (seconds.get(file) ?? 0) + (now - since) / 1000);
      since = now;
    });
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const slowest = [...seconds].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
      const said = slowest.map(([file, took]) => `${path.relative('test', file)} ${took.toFixed(0)} s`);
      console.log(`Longest: ${said.join(', ')}`);
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
  }
};
