/** The self-test of the finder, with the addresses of an invented trial: it needs no lab. */
import assert from 'node:assert/strict';
import { judgeFinder, type FinderResult } from '../../src/selftest/finder.ts';
import { recordOf } from '../kit/invented-trial.ts';
import { withFolder } from '../kit/scratch.ts';

describe('the self-test of the finder', () => {
  let result: FinderResult;

  before(async () => {
    result = await withFolder((folder) => judgeFinder(recordOf({}), folder));
  });

  it('finds all that is planted, in every phase, and nothing else', () => {
    assert.deepEqual(result.faults, []);
    assert.equal(result.found, result.planted);
    assert.ok(result.planted > 80, `${result.planted} were planted`);
  });

  it('notices everything that is found otherwise than it was planted', () => {
    for (const { what, caughtBy } of result.mutants) assert.ok(caughtBy !== null, what);
    assert.ok(result.mutants.length > 500, `${result.mutants.length} falsifications were tried`);
  });
});
