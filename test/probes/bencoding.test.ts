import assert from 'node:assert/strict';
import bencode from 'bencode';
import fc from 'fast-check';
import { isBencoded } from '../../src/probes/swarm/bencoding.ts';
import { decode } from '../../src/probes/swarm/messages.ts';

const says = (text: string): boolean => isBencoded(Buffer.from(text, 'latin1'));

describe('bencoded values', () => {
  it('are recognised, whatever an encoder made, and also before other bytes', () => {
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.integer(),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ maxLength: 9 }), tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, fc.uint8Array({ maxLength: 9 }), (each, rest) => {
        assert.ok(isBencoded(Buffer.concat([bencode.encode(each), rest])));
      }),
    );
  });

  it('are not made of half a value, of bad numbers, or of keys that are no strings', () => {
    for (const text of [
      '',
      'e',
      'd',
      'l',
      'i',
      'ie',
      'i-e',
      'i1',
      'i1.5e',
      '4:abc',
      '1',
      ':',
      '-1:',
      'd1:a',
      'd1:ae',
    ]) {
      assert.equal(says(text), false, text);
    }
    for (const text of ['di1ei2ee', 'dle1:ae', 'd1:ai1e1:be', `${'9'.repeat(16)}:a`])
      assert.equal(says(text), false, text);
    for (const text of ['0:', 'de', 'le', 'i-0e', 'd1:ai1ee', 'd0:lee', 'l1:adee'])
      assert.equal(says(text), true, text);
  });

  it('are not those on which the decoder goes back for ever or beyond the stack', () => {
    // Found by the fuzzer: the string of -16 bytes ends before it begins.
    const back = Buffer.from('64343a69707634343ac0a80102343a6970762d2d31363a0707', 'hex');
    assert.equal(decode(back), null);
    assert.equal(says('l'.repeat(100_000) + 'e'.repeat(100_000)), false);
    assert.equal(says('l'.repeat(100) + 'e'.repeat(100)), true);
  });
});
