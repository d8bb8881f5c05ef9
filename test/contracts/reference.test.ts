import assert from 'node:assert/strict';
import * as z from 'zod';
import { RequestError } from '../../src/contracts/errors.ts';
import {
  lookUp,
  noParameters,
  parseParameters,
  parseReferences,
  seconds,
  wholeNumber,
} from '../../src/contracts/reference.ts';

const says = (pattern: RegExp) => (error: unknown) => error instanceof RequestError && pattern.test(error.message);

describe('references of kill switches and faults', () => {
  it('reads ids, parameters and combinations, in order', () => {
    assert.deepEqual(parseReferences('none'), [{ id: 'none', parameters: {} }]);
    assert.deepEqual(parseReferences('app-kill( poll=2s, x=1 ) + wg-quick-postup'), [
      { id: 'app-kill', parameters: { poll: '2s', x: '1' } },
      { id: 'wg-quick-postup', parameters: {} },
    ]);
  });

  for (const text of ['', 'a+', '+a', 'a(', 'a(b)', 'a(b=)', 'a(b=1,)', 'A', 'a b(c=1)d', 'a(b=1)(c=2)']) {
    it(`refuses «${text}» and shows the form`, () => {
      assert.throws(() => parseReferences(text), says(/cannot be read\. Write id/));
    });
  }

  it('refuses a parameter given twice', () => {
    assert.throws(() => parseReferences('a(b=1,b=2)'), says(/«b» is given twice/));
  });

  it('names the known ids when one is unknown', () => {
    const catalogue = [
      { id: 'one', parameters: noParameters },
      { id: 'two', parameters: noParameters },
    ];
    assert.throws(() => lookUp('fault', catalogue, 'three'), says(/no fault «three»\. Known: one, two\./));
  });

  it('parses parameters and says what is wrong with one', () => {
    const plugin = {
      id: 'x',
      parameters: z.strictObject({ poll: seconds.default(2), times: wholeNumber(1, 9).default(1) }),
    };
    const parse = (text: string): unknown =>
      parseParameters('fault', plugin, { ...parseReferences(text)[0]!.parameters }).parameters;
    assert.deepEqual(parse('x'), { poll: 2, times: 1 });
    assert.deepEqual(parse('x(poll=250ms,times=9)'), { poll: 0.25, times: 9 });
    assert.throws(() => parse('x(poll=2)'), says(/«poll», value «2»: must be a duration .* It takes: poll, times\./));
    assert.throws(() => parse('x(poll=0s)'), says(/above zero/));
    assert.throws(() => parse('x(times=10)'), says(/whole number from 1 to 9/));
    assert.throws(() => parse('x(pol=2s)'), says(/unknown parameter «pol»/));
  });
});
