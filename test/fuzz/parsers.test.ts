/**
 * Every parser of foreign bytes against bytes nobody meant: no crash, no hang, bounded memory, and every input either
 * accepted or refused in the way the parser says it refuses. `npm run fuzz` gives each a million inputs; the seed is
 * printed and can be given again. Captures have their own test (test/analysis/capture/hostile.test.ts).
 */
import assert from 'node:assert/strict';
import { inputs } from '../kit/mutate.ts';
import { PARSERS } from './parsers.ts';
import { Watchdog } from '../kit/watchdog.ts';

const INPUTS = Number(process.env['KSL_FUZZ_INPUTS'] ?? 3000);
const SEED = Number(process.env['KSL_FUZZ_SEED'] ?? 20_260_101);
/** An input of two kilobytes that takes this long on any machine has met something that grows faster than the input. */
const LONGEST_MS = 2000;
const MEMORY_MIB = 256;

describe('hostile bytes', function () {
  this.timeout(Math.max(60_000, INPUTS * 4));

  let watchdog: Watchdog;
  before(() => {
    watchdog = new Watchdog();
  });
  after(() => watchdog[Symbol.asyncDispose]());

  for (const parser of PARSERS) {
    it(`are accepted or refused by the parser of: ${parser.name}`, () => {
      for (const example of parser.examples) parser.parse(example);
      const before = process.memoryUsage().rss;
      let accepted = 0;
      let longest = 0;
      for (const input of inputs(parser, SEED, INPUTS)) {
        const began = performance.now();
        try {
          if (watchdog.watch(input, parser.parse)) accepted += 1;
        } catch (error) {
          assert.fail(`${String(error)} for the ${input.length} bytes ${Buffer.from(input).toString('hex')}`);
        }
        longest = Math.max(longest, performance.now() - began);
      }
      const grown = (process.memoryUsage().rss - before) / 2 ** 20;
      if (INPUTS > 100_000) {
        const refused = INPUTS - accepted;
        const cost = `longest ${longest.toFixed(1)} ms, memory +${grown.toFixed(0)} MiB`;
        console.log(`      ${parser.name}: ${accepted} accepted, ${refused} refused, ${cost}, seed ${SEED}`);
      }
      assert.ok(accepted < INPUTS, 'everything was accepted: the inputs were no test');
      assert.ok(longest < LONGEST_MS, `one input took ${longest} ms`);
      assert.ok(grown < MEMORY_MIB, `memory grew by ${grown} MiB`);
    });
  }

  it('begin from examples that each parser does accept', () => {
    for (const { name, examples, parse } of PARSERS) {
      for (const example of examples) assert.ok(parse(example), `${name}: ${Buffer.from(example).toString('latin1')}`);
    }
  });
});
