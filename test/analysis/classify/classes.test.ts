import assert from 'node:assert/strict';
import { CLEAR_CLASSES, HOUSEKEEPING_CLASSES } from '../../../src/records/vocabulary.ts';
import { ROUTER_MAC, bytes, ethernet, hex, icmpFrame, tcpFrame, udpFrame } from '../../kit/frames.ts';
import {
  CLEAR,
  ENDPOINT,
  ENDPOINT_PORT,
  HANDSHAKE,
  HOUSEKEEPING,
  STUN_BINDING,
  TRACKER_ANNOUNCE,
  TRACKER_CONNECT,
  TRACKER_SCRAPE,
  UTP_FIN,
  UTP_SYN,
  INNER,
  REAL,
  STRANGE,
  STRANGER,
  tunnelFrame,
} from '../../kit/planted.ts';
import { CLIENT, Judge } from '../../kit/judged.ts';

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
});

describe('the class of a frame of the lab itself', () => {
  it('is tunnel for the endpoint’s UDP and nothing else, in either family', () => {
    const judge = new Judge();
    assert.equal(judge.of(tunnelFrame(REAL.v4)), 'tunnel');
    assert.equal(judge.of(tunnelFrame(REAL.v4, 'v4', INCOMING)), 'not leaving');
    assert.equal(judge.of(tunnelFrame(REAL.v6, 'v6')), 'other v6 real');
    const over6 = new Judge({ ...CLIENT, endpoints: [{ address: ENDPOINT.v6, port: ENDPOINT_PORT }] });
    assert.equal(over6.of(tunnelFrame(REAL.v6, 'v6')), 'tunnel');
    assert.equal(over6.of(tunnelFrame(REAL.v4)), 'other v4 real');
    assert.equal(over6.of(icmpFrame(REAL.v6, ENDPOINT.v6, 1)), 'tunnel-icmp');
  });

  it('is tunnel for each of several endpoints, each with its own port', () => {
    const second = { v4: '198.51.100.11', v6: '2001:db8:3::11' };
    const port = ENDPOINT_PORT + 1;
    const data = new Uint8Array(60);
    const endpoints = [...CLIENT.endpoints, { address: second.v4, port }, { address: second.v6, port }];
    const judge = new Judge({ ...CLIENT, endpoints });
    assert.equal(judge.of(tunnelFrame(REAL.v4)), 'tunnel');
    assert.equal(judge.of(udpFrame(REAL.v4, second.v4, [1, port], data)), 'tunnel');
    assert.equal(judge.of(udpFrame(REAL.v6, second.v6, [1, port], data)), 'tunnel');
    assert.equal(judge.of(udpFrame(REAL.v4, second.v4, [1, ENDPOINT_PORT], data)), 'other v4 real');
    assert.equal(judge.of(udpFrame(REAL.v4, ENDPOINT.v4, [1, port], data)), 'other v4 real');
    assert.equal(judge.of(icmpFrame(REAL.v4, second.v4, 3)), 'tunnel-icmp');
    // Where the tunnel is not known to go there, nothing that goes there is the tunnel's.
    assert.equal(new Judge().of(udpFrame(REAL.v4, second.v4, [1, port], data)), 'other v4 real');
    assert.equal(new Judge().of(icmpFrame(REAL.v4, second.v4, 3)), 'icmp v4 real');
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
});

describe('the class of a frame in doubt', () => {
  it('is not taken from bytes that only almost fit', () => {
    const changed = (payload: Uint8Array, at: number, value: number): Uint8Array => {
      const copy = Buffer.from(payload);
      copy[at] = value;
      return copy;
    };
    const almost = {
      'a connect of half the magic': changed(TRACKER_CONNECT, 7, 0),
      'an announce of another action': changed(TRACKER_ANNOUNCE, 11, 7),
      'an announce of an event there is not': changed(TRACKER_ANNOUNCE, 83, 4),
      'an announce whose peer id begins otherwise': changed(TRACKER_ANNOUNCE, 36, 0),
      'an announce cut short': TRACKER_ANNOUNCE.subarray(0, 97),
      'a dictionary whose first key is no message’s': bytes('d1:zi1ee'.padEnd(20)),
      'a dictionary whose first key is long': bytes('d3:ip6i1ee'.padEnd(20)),
      'uTP of version 2': changed(UTP_SYN, 0, 0x42),
      'uTP of type 5': changed(UTP_SYN, 0, 0x51),
      'uTP with an extension nobody uses': changed(UTP_SYN, 1, 4),
      'uTP whose extension has no length': changed(UTP_FIN, 21, 0),
      'uTP whose extension reaches too far': changed(UTP_FIN, 21, 5),
      'uTP whose extension is followed by one nobody uses': changed(UTP_FIN, 20, 4),
      'uTP of 19 bytes': UTP_SYN.subarray(0, 19),
      'STUN of another length': changed(STUN_BINDING, 3, 4),
      'STUN without its cookie': changed(STUN_BINDING, 7, 0),
      'a search of another kind': bytes('M-SEARCH * HTTP/1.0\r\n\r\n'),
      'a scrape of half an info-hash': TRACKER_SCRAPE.subarray(0, 26),
      'uTP data without payload': changed(UTP_SYN, 0, 0x01),
      'a uTP acknowledgement with payload': bytes(changed(UTP_SYN, 0, 0x21), 'x'),
      'a uTP SYN that acknowledges something': changed(UTP_SYN, 19, 1),
      'a uTP SYN with a delay to tell': changed(UTP_SYN, 11, 1),
      'CoAP (RFC 7252), a GET': hex('4101 1234 55 b5 68656c6c6f 05 776f726c64 06 73656e736f72 01 78'),
      'RADIUS (RFC 2865), an Access-Request': bytes(
        hex('0101 002c'),
        new Uint8Array(16),
        1,
        6,
        'user',
        2,
        18,
        new Uint8Array(16),
      ),
      'RADIUS with an id that is no extension': bytes(hex('0100 001a'), new Uint8Array(16), 1, 6, 'user'),
      'WireGuard’s initiation, padded': bytes(1, 0, 0, 0, new Uint8Array(200).fill(7)),
      nothing: bytes(),
    };
    for (const [what, payload] of Object.entries(almost)) {
      assert.equal(new Judge().of(udpFrame(REAL.v4, STRANGER.v4, [1, 2], payload)), 'other v4 real', what);
    }
    const overTcp = {
      'a handshake of another length byte': changed(HANDSHAKE, 0, 0x12),
      'a handshake cut short': HANDSHAKE.subarray(0, 19),
      'a request of a page': bytes('GET /announcement HTTP/1.1\r\nX: info_hash=\r\n\r\n'),
      'a request posted': bytes('POST /announce?info_hash=x HTTP/1.1\r\n\r\n'),
    };
    for (const [what, payload] of Object.entries(overTcp)) {
      assert.equal(new Judge().of(tcpFrame(REAL.v4, STRANGER.v4, [1, 2], payload)), 'other v4 real', what);
    }
    for (const type of [5, 127, 128, 129, 138, 142, 144]) {
      assert.equal(new Judge().of(icmpFrame(REAL.v6, STRANGER.v6, type)), 'icmp v6 real', `ICMPv6 type ${type}`);
    }
    for (const type of [0, 4, 5, 8, 13]) {
      assert.equal(new Judge().of(icmpFrame(REAL.v4, ENDPOINT.v4, type)), 'icmp v4 real', `ICMP type ${type}`);
    }
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
