// mocha's spec reporter, with one plain closing line that any tool can read. mocha loads reporters with require.
const Mocha = require('mocha');

module.exports = class PlainClosing extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
  }
};
