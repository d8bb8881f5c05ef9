import assert from 'node:assert/strict';
import { CLEAR_CLASSES, HOUSEKEEPING_CLASSES } from '../../../src/harness/records.ts';
import { ROUTER_MAC, bytes, ethernet, icmpFrame, udpFrame } from '../frames.ts';
import {
  CLEAR,
  ENDPOINT,
  ENDPOINT_PORT,
  HOUSEKEEPING,
  INNER,
  REAL,
  STRANGE,
  STRANGER,
  tunnelFrame,
} from '../planted.ts';
import { CLIENT, Judge } from './judged.ts';

const SOURCES = { real: REAL, tunnel: INNER, other: STRANGE };
const INCOMING = { from: ROUTER_MAC, to: '02:00:00:00:01:02' };

describe('the class of a frame', () => {
  it('is tried for every class of the vocabulary', () => {
    assert.deepEqual(new Set(CLEAR.map((one) => one.class)), new Set(CLEAR_CLASSES));
    assert.deepEqual(new Set(HOUSEKEEPING.map((one) => one.class)), new Set(HOUSEKEEPING_CLASSES));
  });

  for (const { class: name, what, build } of CLEAR) {
    it(`is ${name} for: ${what}; in every family, from every kind of source`, () => {
      for (const version of ['v4', 'v6'] as const) {
        for (const [source, addresses] of Object.entries(SOURCES)) {
          const data = build(addresses[version], version);
          assert.equal(new Judge().of(data), `${name} ${version} ${source}`);
          assert.equal(new Judge().of(build(addresses[version], version, INCOMING)), 'not leaving');
        }
      }
    });
  }

  for (const { class: name, what, bytes: data } of HOUSEKEEPING) {
    it(`is ${name} for: ${what}`, () => {
      assert.equal(new Judge().of(data), name);
    });
  }

  it('is tunnel for the endpoint’s UDP and nothing else, in either family', () => {
    const judge = new Judge();
    assert.equal(judge.of(tunnelFrame(REAL.v4)), 'tunnel');
    assert.equal(judge.of(tunnelFrame(REAL.v4, 'v4', INCOMING)), 'not leaving');
    assert.equal(judge.of(tunnelFrame(REAL.v6, 'v6')), 'other v6 real');
    const over6 = new Judge({ ...CLIENT, endpoint: { address: ENDPOINT.v6, port: ENDPOINT_PORT } });
    assert.equal(over6.of(tunnelFrame(REAL.v6, 'v6')), 'tunnel');
    assert.equal(over6.of(tunnelFrame(REAL.v4)), 'other v4 real');
    assert.equal(over6.of(icmpFrame(REAL.v6, ENDPOINT.v6, 1)), 'tunnel-icmp');
  });

  it('is canary by the marker or by the sink’s address and port', () => {
    const judge = new Judge();
    const marked = bytes('KSL-CANARY0123456789');
    assert.equal(judge.of(udpFrame(REAL.v4, STRANGER.v4, [1, 2], marked)), 'canary');
    assert.equal(judge.of(udpFrame(REAL.v6, STRANGER.v6, [1, 2], marked)), 'canary');
    assert.equal(judge.of(udpFrame(REAL.v4, '198.18.0.7', [1, 9], bytes('anything'))), 'canary');
    assert.equal(judge.of(udpFrame(REAL.v4, '198.18.0.7', [1, 10], bytes('anything'))), 'other v4 real');
    assert.equal(judge.of(udpFrame(REAL.v4, '198.18.0.8', [1, 9], bytes('anything'))), 'other v4 real');
    assert.equal(judge.of(udpFrame(REAL.v4, STRANGER.v4, [1, 2], bytes('KSL-CANAR'))), 'other v4 real');
  });

  it('counts frames that are not IP as clear, of no family', () => {
    assert.equal(new Judge().of(ethernet(0x88cc, new Uint8Array(50))), 'other non-ip other');
    assert.equal(new Judge().of(ethernet(0x0026, new Uint8Array(38))), 'other non-ip other');
    assert.equal(new Judge().of(ethernet(0x0800, bytes(0x55, new Uint8Array(30)))), 'other v4 other');
    assert.equal(new Judge().of(ethernet(0x86dd, new Uint8Array(10))), 'other v6 other');
  });

  it('takes a link-local source for the client’s own', () => {
    assert.equal(
      new Judge().of(udpFrame('fe80::2', 'ff15::efc0:988f', [6771, 6771], bytes('BT-SEARCH * '))),
      'lsd v6 real',
    );
  });
});
