/** Cells in which nothing may reach so far, by trials of which each stage's reach is known. */
import assert from 'node:assert/strict';
import { summarise } from '../../../src/analysis/summary/summarise.ts';
import type { FoundRow } from '../../../src/analysis/summary/reach.ts';
import type { TrialRow } from '../../../src/analysis/summary/rows.ts';
import type { Summary } from '../../../src/analysis/summary/schema.ts';
import type { Forbidden } from '../../../src/records/findings.ts';
import { namesOf } from '../../../src/records/identity.ts';
import { manifestOf, trial, trials } from '../../kit/summary-rows.ts';

type Reach = FoundRow['reach'];
const QUIET: Reach = { before: 'none', outage: 'none', after: 'none' };

const found = (reach: Partial<Reach>): FoundRow => ({
  exact: true,
  reach: { ...QUIET, ...reach },
  learnt: [],
  works: null,
  latency: null,
});

/** The summary of one bound cell of which nothing may reach so far. */
function held(forbidden: Forbidden, rows: readonly TrialRow[]): Summary {
  const manifest = manifestOf('none', 'client-bind');
  const [, cell] = manifest.scenario.cells;
  assert.ok(cell);
  const mustNotReach = [{ ...namesOf(cell), reach: forbidden }];
  return summarise({ ...manifest, scenario: { ...manifest.scenario, mustNotReach } }, rows, []);
}
const bound = (reach: Partial<Reach>, verdict: TrialRow['verdict'] = 'no-leak'): TrialRow => ({
  ...trial('client-bind', verdict),
  found: found(reach),
});
const counts = ({ violations }: Summary): [number, number, string | undefined][] =>
  violations.map(({ leaks, judged, reach }) => [leaks, judged, reach]);

describe('what may not reach so far', () => {
  it('is violated by as much and by worse, and not by less', () => {
    const worstFirst = ['swarm', 'service', 'path', 'lan'] as const;
    for (const forbidden of worstFirst) {
      for (const reach of worstFirst) {
        const { violations, unjudged } = held(forbidden, [bound({ outage: reach }, 'leak'), bound({})]);
        const violated = worstFirst.indexOf(reach) <= worstFirst.indexOf(forbidden);
        assert.equal(violations.length, violated ? 1 : 0, `${reach} where ${forbidden} is forbidden`);
        assert.deepEqual(unjudged, []);
      }
    }
  });

  it('is violated in any phase, with how often of how many', () => {
    for (const stage of ['before', 'outage', 'after'] as const) {
      const rows = [bound({ [stage]: 'swarm' }), bound({}), bound({})];
      assert.deepEqual(counts(held('swarm', rows)), [[1, 3, 'swarm']]);
    }
    const { conclusions } = held('swarm', [bound({ before: 'swarm' })]);
    assert.ok(conclusions.some(({ text }) => text.includes('requires of client-bind that nobody of the swarm learns')));
  });

  it('is violated in a trial that broke off or was disturbed, too', () => {
    const broken = bound({ before: 'swarm', outage: null, after: null }, 'inconclusive');
    assert.deepEqual(counts(held('swarm', [broken])), [[1, 1, 'swarm']]);
  });

  it('could not be judged where no trial shows that nothing did', () => {
    const unshown = [
      bound({}, 'inconclusive'),
      bound({ before: null }),
      bound({ outage: null }),
      ...trials(2, 'client-bind', 'unsupported'),
      { ...trial('client-bind', 'no-leak'), found: null },
    ];
    const { violations, unjudged, conclusions } = held('swarm', unshown);
    assert.deepEqual(violations, []);
    assert.deepEqual(
      unjudged.map(({ killSwitch, reach }) => [killSwitch, reach]),
      [['client-bind', 'swarm']],
    );
    assert.ok(conclusions.some(({ text }) => text.includes('no trial was judged, so that nothing is shown')));
    assert.deepEqual(held('swarm', [...unshown, bound({})]).unjudged, []);
  });
});
