import assert from 'node:assert/strict';
import { Linter } from 'eslint';
import { docComment } from '../../lint/doc-comment.mjs';

/** Words the rule complains of in a source text. */
function complaints(source: string): string[] {
  const config: Linter.Config = {
    plugins: { house: { rules: { 'doc-comment': docComment } } },
    rules: { 'house/doc-comment': 'error' },
  };
  return new Linter().verify(source, config).map(({ message }) => /«(.*)»/.exec(message)?.[1] ?? message);
}

describe('the rule for doc comments', () => {
  for (const word of ['Of', 'As', 'By', 'Its', 'It', 'Those', 'That', 'Told', 'And', 'Not', 'With', 'Null', 'Beside']) {
    it(`refuses one that begins with «${word}»`, () => {
      assert.deepEqual(complaints(`/** ${word} the trials that leaked. */\nlet a;`), [word]);
    });
  }

  it('refuses «The same», and looks past the line break of a long comment', () => {
    assert.deepEqual(complaints('/** The same with a value left out. */\nlet a;'), ['same']);
    assert.deepEqual(complaints('/**\n * From the fault to the last packet,\n * in seconds.\n */\nlet a;'), ['From']);
  });

  it('takes nouns, verbs and names, and leaves other comments alone', () => {
    const good = [
      'The trials that leaked.',
      'Gaps, in seconds.',
      'Whether it waits.',
      "wg-quick's",
      '`by` it.',
      'By-law.',
    ];
    for (const text of good) assert.deepEqual(complaints(`/** ${text} */\nlet a;`), [], text);
    assert.deepEqual(complaints('/* Of old. */\n// Of old.\nlet a;'), []);
  });
});
