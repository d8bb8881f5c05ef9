import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressText, ipBytes } from '../../src/records/ip-address.ts';
import { parse } from '../kit/addresses.ts';

describe('the text of an IP address', () => {
  it('is read as an independent reader reads it, and written in its canonical form', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 1, 0xabc), { minLength: 8, maxLength: 8 }), (groups) => {
        const full = groups.map((group) => group.toString(16)).join(':');
        const bytes = ipBytes(full);
        assert.deepEqual(bytes, [...parse(full)]);
        assert.equal(addressText(parse(full)), new URL(`http://[${full}]`).hostname.slice(1, -1));
      }),
    );
    fc.assert(fc.property(fc.ipV4(), (text) => assert.equal(addressText(parse(text)), text)));
    fc.assert(fc.property(fc.ipV4(), (text) => assert.deepEqual(ipBytes(text), [...parse(text)])));
  });

  it('may end in an IPv4 address, mapped or not', () => {
    const tail = [192, 0, 2, 1];
    const zeros = (count: number): number[] => Array.from({ length: count }, () => 0);
    assert.deepEqual(ipBytes('::FFFF:192.0.2.1'), [...zeros(10), 255, 255, ...tail]);
    assert.deepEqual(ipBytes('::192.0.2.1'), [...zeros(12), ...tail]);
    assert.deepEqual(ipBytes('64:ff9b::192.0.2.1'), [0, 0x64, 0xff, 0x9b, ...zeros(8), ...tail]);
    assert.deepEqual(ipBytes('1::2:192.0.2.1'), [0, 1, ...zeros(8), 0, 2, ...tail]);
  });

  for (const text of [
    '127.1',
    '0x7f000001',
    '2130706433',
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '',
    ':::',
    'fe80::1%eth0',
    '1.2.3.4/24',
  ])
    it(`is not «${text}»`, () => assert.equal(ipBytes(text), null));

  it('is nothing for other lengths than 4 and 16 bytes', () => assert.equal(addressText(Uint8Array.of(1, 2, 3)), null));
});
