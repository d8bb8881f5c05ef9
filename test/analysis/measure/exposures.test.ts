import assert from 'node:assert/strict';
import { nodeIdNames, nodeIdPrefix } from '../../../src/analysis/measure/node-id.ts';
import type { Exposure } from '../../../src/records/measures.ts';
import type { InstrumentEvent } from '../../../src/records/timeline.ts';
import { udpFrame } from '../../kit/frames.ts';
import { ENDPOINT, NODE, PING, REAL } from '../../kit/planted.ts';
import { FAULT, S, WAN4, at, measured } from '../../kit/invented-trial.ts';

const base = { party: 'x', sourcePort: 1 };
const hashes = { infoHash: '68'.repeat(20), peerId: '2d5452'.padEnd(40, '0') };
const EXIT = ENDPOINT.v4;

type Make = (sourceAddress: string, atNs: number) => InstrumentEvent;
const announce: Make = (sourceAddress, atNs) => ({
  ...{ kind: 'tracker-announce', transport: 'http', port: 51413, event: 'started', claimedAddresses: [] },
  ...{ ...base, ...hashes, sourceAddress, atNs },
});
const query: Make = (sourceAddress, atNs) => ({
  ...{ kind: 'dht-query', query: 'get_peers', nodeId: '00'.repeat(20), infoHash: null, port: null },
  ...{ ...base, sourceAddress, atNs },
});
const extended: Make = (sourceAddress, atNs) => ({
  ...{ kind: 'peer-extended', client: null, listenPort: null, claimedAddresses: [], yourAddress: null },
  ...{ ...base, sourceAddress, atNs },
});

const BY_SOURCE: readonly { readonly party: string; readonly how: string; readonly make: Make }[] = [
  { party: 'tracker', how: 'announce', make: announce },
  {
    party: 'tracker',
    how: 'scrape',
    make: (sourceAddress, atNs) => ({ kind: 'tracker-scrape', transport: 'udp', ...base, sourceAddress, atNs }),
  },
  {
    party: 'tracker',
    how: 'binding',
    make: (sourceAddress, atNs) => ({ kind: 'stun-binding', ...base, sourceAddress, atNs }),
  },
  { party: 'dht', how: 'get_peers', make: query },
  {
    party: 'peer',
    how: 'connection',
    make: (sourceAddress, atNs) => ({
      kind: 'peer-connection',
      transport: 'tcp',
      direction: 'incoming',
      ...base,
      sourceAddress,
      atNs,
    }),
  },
  {
    party: 'peer',
    how: 'handshake',
    make: (sourceAddress, atNs) => ({
      kind: 'peer-handshake',
      transport: 'utp',
      direction: 'incoming',
      encrypted: false,
      ...base,
      ...hashes,
      sourceAddress,
      atNs,
    }),
  },
  { party: 'peer', how: 'extension handshake', make: extended },
  {
    party: 'peer',
    how: 'pex',
    make: (sourceAddress, atNs) => ({ kind: 'peer-pex', added: [], dropped: [], ...base, sourceAddress, atNs }),
  },
  {
    party: 'peer',
    how: 'piece',
    make: (sourceAddress, atNs) => ({ kind: 'peer-piece', totalBytes: 1, ...base, sourceAddress, atNs }),
  },
  {
    party: 'neighbour',
    how: 'lsd',
    make: (sourceAddress, atNs) => ({
      kind: 'neighbour-multicast',
      protocol: 'lsd',
      text: '',
      ...base,
      sourceAddress,
      atNs,
    }),
  },
  {
    party: 'resolver',
    how: 'query',
    make: (sourceAddress, atNs) => ({
      kind: 'resolver-query',
      name: 'tracker.swarm.test',
      type: 'A',
      ...base,
      sourceAddress,
      atNs,
    }),
  },
];

/** Exposures of a trial in which a clear packet left at 12 s, the outage's last. */
async function exposures(...timeline: readonly InstrumentEvent[]): Promise<Exposure[]> {
  const uplink = [at(12, udpFrame(REAL.v4, NODE.v4, [51413, 6881], PING))];
  return (await measured({ uplink, counted: 1, timeline })).measures.exposures;
}

describe('an exposure', () => {
  for (const { party, how, make } of BY_SOURCE) {
    it(`by source is seen by the ${party} through: ${how}`, async () => {
      const row = { party, id: 'x', by: 'source', phase: 'gap', how, times: 1, firstNs: 11 * S, lastNs: 11 * S };
      assert.deepEqual(await exposures(make(WAN4, 11 * S)), [{ ...row, address: WAN4 }]);
      assert.deepEqual(await exposures(make('2001:DB8:1:0::2', 11 * S)), [{ ...row, address: REAL.v6 }]);
      assert.deepEqual(await exposures(make(`::ffff:${WAN4}`, 11 * S)), [{ ...row, address: WAN4 }]);
      assert.deepEqual(await exposures(make(EXIT, 11 * S), make('10.8.0.2', 11 * S)), []);
    });
  }

  it('is made by the content of an announce, an extension handshake or PEX, through the tunnel too', async () => {
    const seen = { ...base, sourceAddress: EXIT, atNs: 11 * S };
    const claimedAddresses = [WAN4, '10.8.0.2', EXIT, 'nonsense'];
    const announced: InstrumentEvent = {
      ...{ kind: 'tracker-announce', transport: 'udp', port: 1, event: '', claimedAddresses },
      ...{ ...seen, ...hashes },
    };
    const shaken: InstrumentEvent = {
      ...{ kind: 'peer-extended', client: null, listenPort: null, claimedAddresses, yourAddress: WAN4 },
      ...seen,
    };
    const exchanged: InstrumentEvent = {
      ...{ kind: 'peer-pex', added: ['198.18.100.1:1', `[${REAL.v6}]:51413`], dropped: [`${REAL.v4}:51413`] },
      ...seen,
    };
    const found = await exposures(announced, shaken, exchanged);
    assert.deepEqual(
      found.map(({ party, by, how, address }) => [party, by, how, address]),
      [
        ['tracker', 'content', 'announce ip=', WAN4],
        ['peer', 'content', 'extension handshake', WAN4],
        ['peer', 'content', 'extension handshake yourip=', WAN4],
        ['peer', 'content', 'pex', REAL.v6],
        ['peer', 'content', 'pex', REAL.v4],
      ],
    );
  });

  it('is made by a DHT node id derived from the real address and used from elsewhere', async () => {
    const asked = (nodeId: string, sourceAddress: string): InstrumentEvent => ({
      ...{ kind: 'dht-query', query: 'ping', nodeId, infoHash: null, port: null },
      ...{ ...base, sourceAddress, atNs: 11 * S },
    });
    const derived = idFor(WAN4, 5);
    const found = async (nodeId: string, source: string): Promise<string[][]> =>
      (await exposures(asked(nodeId, source))).map(({ by, how, address }) => [by, how, address]);
    assert.deepEqual(await found(derived, EXIT), [['content', 'node id', WAN4]]);
    assert.deepEqual(await found(idFor(REAL.v6, 3), EXIT), [['content', 'node id', REAL.v6]]);
    assert.deepEqual(await found(idFor(EXIT, 5), EXIT), []);
    assert.deepEqual(await found(derived, WAN4), [['source', 'ping', WAN4]], 'the source says it already');
  });

  it('is made by a DHT node id derived from the tunnel’s exit and used from the real address', async () => {
    const asked: InstrumentEvent = {
      ...{ kind: 'dht-query', query: 'ping', nodeId: idFor(EXIT, 2), infoHash: null, port: null },
      ...{ ...base, sourceAddress: WAN4, atNs: 11 * S },
    };
    assert.deepEqual(
      (await exposures(asked)).map(({ by, how, address }) => [by, how, address]),
      [
        ['source', 'ping', WAN4],
        ['content', 'node id of the exit', WAN4],
      ],
    );
  });
});

describe('an exposure in the measures', () => {
  it('is not made by a canary', async () => {
    const marker = Buffer.from('KSL-CANARY0123456789').toString('hex');
    const seen = { ...base, sourceAddress: WAN4, atNs: 11 * S };
    const canaries: InstrumentEvent[] = [
      { kind: 'dht-query', query: 'ping', nodeId: marker, infoHash: null, port: null, ...seen },
      { kind: 'resolver-query', name: 'ksl-canary-0123456789.swarm.test', type: 'A', ...seen },
      { kind: 'neighbour-multicast', protocol: 'lsd', text: 'KSL-CANARY0123456789', ...seen },
      {
        kind: 'peer-handshake',
        transport: 'tcp',
        direction: 'incoming',
        encrypted: false,
        ...seen,
        infoHash: '',
        peerId: marker,
      },
    ];
    assert.deepEqual(await exposures(...canaries), []);
  });

  it('is counted once for each party, way and phase, with its first and last instant', async () => {
    const found = await exposures(
      announce(WAN4, 11 * S),
      announce(WAN4, 10.5 * S),
      announce(WAN4, 11.5 * S),
      announce(WAN4, 5 * S),
    );
    assert.deepEqual(
      found.map(({ phase, times, firstNs, lastNs }) => [phase, times, firstNs, lastNs]),
      [
        ['baseline', 1, 5 * S, 5 * S],
        ['gap', 3, 10.5 * S, 11.5 * S],
      ],
    );
  });

  it('in the outage makes a leak of a trial even where no clear packet was seen', async () => {
    const { measures } = await measured({ timeline: [announce(WAN4, (FAULT + 1) * S)] });
    assert.equal(measures.verdict, 'leak');
    assert.equal(
      measures.reason,
      'No clear packet left in the outage; the real address was learnt by tracker x (announce).',
    );
    assert.equal(measures.exposures[0]?.phase, 'contained');
  });

  it('falls into the phase of its instant; one by source has a clear packet of the gap for its cause', async () => {
    const phases = async (make: Make, ...seconds: number[]): Promise<string[]> =>
      (await exposures(...seconds.map((second) => make(WAN4, second * S)))).map(({ phase }) => phase);
    assert.deepEqual(await phases(announce, 5, 11, 21), ['baseline', 'gap', 'recovery']);
    assert.deepEqual(await phases(announce, 12.01), ['gap']);
    assert.deepEqual(await phases(announce, 0.5, 26), []);
  });
});

/** A node id that BEP 42 allows for the address, with that last byte. */
function idFor(address: string, random: number): string {
  const prefix = nodeIdPrefix(address, random).toString(16).padStart(8, '0').slice(0, 6);
  return `${prefix}${'ab'.repeat(16)}${random.toString(16).padStart(2, '0')}`;
}

describe('a DHT node id', () => {
  it('names the address it was made for, in the examples of BEP 42', () => {
    const examples = [
      ['124.31.75.21', '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
      ['21.75.31.124', '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
      ['65.23.51.170', 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
      ['84.124.73.14', '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
      ['43.213.53.83', 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
    ] as const;
    for (const [address, id] of examples) {
      for (const [other] of examples) assert.equal(nodeIdNames(id, other), other === address, `${id} ${other}`);
    }
  });

  it('is made from the upper half of an IPv6 address', () => {
    const id = idFor(REAL.v6, 3);
    assert.equal(nodeIdNames(id, '2001:db8:1::ffff:1'), true);
    assert.equal(nodeIdNames(id, '2001:db8:2::2'), false);
  });

  it('names no address BEP 42 exempts, and is 40 hexadecimal digits', () => {
    for (const address of ['10.1.2.3', '172.16.0.1', '172.31.9.9', '192.168.1.2', '169.254.1.1', '127.0.0.1']) {
      assert.equal(nodeIdNames(idFor(address, 1), address), false, address);
    }
    assert.equal(nodeIdNames(idFor('172.32.0.1', 1), '172.32.0.1'), true);
    assert.equal(nodeIdNames('', '124.31.75.21'), false);
  });
});
