import assert from 'node:assert/strict';
import fc from 'fast-check';
import { csvText, markdownCode, markdownText, terminalText, xmlText } from '../../src/contracts/media.ts';

const CONTROL = /[\0-\b\v-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('`', '|', '\\', '\n', '<', '#', '\u001b', ']', '=', '@', '"', ',', 'a') }),
);

describe('text from outside', () => {
  it('moves no cursor in a terminal', () => {
    fc.assert(fc.property(anyText, (text) => assert.doesNotMatch(terminalText(text), CONTROL)));
    assert.equal(terminalText('a\tb\nc\u001b[2J\u009b1m\r'), 'a\tb\nc\\u{1b}[2J\\u{9b}1m\\u{d}');
  });

  it('is no formula in a table, and is the same text to who reads CSV', () => {
    for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1']) {
      assert.match(csvText(text), /^"?'/, text);
    }
    for (const text of ['a=1', 'client-bind', '10.8.0.2']) assert.equal(csvText(text), text);
    assert.equal(csvText('a"b,c\nd'), '"a""b,c\nd"');
    fc.assert(
      fc.property(anyText, (text) => {
        const field = csvText(text);
        if (!field.startsWith('"')) {
          assert.doesNotMatch(field, /[",\r\n]/);
          return;
        }
        const inside = field.slice(1, -1).replaceAll('""', '');
        assert.ok(field.endsWith('"') && !inside.includes('"'));
      }),
    );
  });

  it('is no markup in Markdown, and ends no cell of a table', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.match(markdownText(text), /^(?:&#\d+;|[^!-/:-@[-`{-~\p{Cc}])*$/u);
        const code = markdownCode(text);
        if (code.startsWith('<code>')) assert.equal(code, `<code>${markdownText(text)}</code>`);
        else assert.match(code, /^`[^`|\\\p{Cc}]+`$/u);
      }),
    );
    assert.equal(markdownCode('app-kill(poll=2s)'), '`app-kill(poll=2s)`');
    assert.equal(markdownCode('a|b'), '<code>a&#124;b</code>');
    assert.equal(markdownCode('a`\n# forged'), '<code>a&#96;&#92;u&#123;a&#125;&#35; forged</code>');
  });

  it('can be held by XML 1.0', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.doesNotMatch(xmlText(text), /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\]\]>/u);
      }),
    );
  });
});
