/** Everything that reads what a network or a file brought, each with examples it accepts and how it says no. */
import bencode from 'bencode';
import type * as z from 'zod';
import { RequestError } from '../../src/contracts/errors.ts';
import { parseMoment } from '../../src/harness/trial/moments.ts';
import { manifestSchema } from '../../src/records/manifest.ts';
import { sessionRecordSchema } from '../../src/records/session.ts';
import { timelineEventSchema } from '../../src/records/timeline.ts';
import { trialRecordSchema } from '../../src/records/trial-record.ts';
import { parseReferences } from '../../src/contracts/reference.ts';
import { parseScenario } from '../../src/harness/campaign/scenario.ts';
import { canaryBytes, nonceIn } from '../../src/probes/canary.ts';
import { PcapStream } from '../../src/probes/pcap-stream.ts';
import { parseQuery } from '../../src/probes/resolver.ts';
import { unpackEndpoints } from '../../src/probes/swarm/compact.ts';
import { swarmLineSchema } from '../../src/probes/swarm/swarm-config.ts';
import { bindingResponse } from '../../src/probes/swarm/datagrams.ts';
import { readQuery } from '../../src/probes/swarm/dht.ts';
import { decode, readExtended, readPex } from '../../src/probes/swarm/messages.ts';
import { readHttpAnnounce, readUdpAnnounce } from '../../src/probes/swarm/tracker.ts';
import { recordOf } from '../kit/invented-trial.ts';
import { pcap, udpFrame } from '../kit/frames.ts';
import { manifestOf } from '../kit/summary-rows.ts';
import type { Examples } from '../kit/mutate.ts';

export interface Parser extends Examples {
  readonly name: string;
  /** True when the input was accepted, false when it was refused in the way the parser says it refuses. */
  readonly parse: (input: Uint8Array) => boolean;
}

const BENCODE = 'deli0123456789:-aqrytp\x00\xff';
const JSON_SYMBOLS = '{}[]",:0123456789.-eEtruefalsn\\u "';
const text = (words: string): Buffer => Buffer.from(words, 'latin1');
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Takes a line as the readers of a results folder and of the lab's programs do: JSON, then the schema. */
function lines(schema: z.ZodType): (input: Uint8Array) => boolean {
  return (input) => {
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(input).toString('utf8'));
    } catch {
      return false;
    }
    return schema.safeParse(value).success;
  };
}

function refusing(parse: (input: string) => unknown): (input: Uint8Array) => boolean {
  return (input) => {
    try {
      parse(Buffer.from(input).toString('utf8'));
      return true;
    } catch (error) {
      if (error instanceof RequestError) return false;
      throw error;
    }
  };
}

const EXTENDED = bencode.encode({
  m: { ut_pex: 1, ut_metadata: 2 },
  p: 51413,
  v: 'Transmission 3.00',
  yourip: Buffer.of(198, 18, 0, 1),
  ipv4: Buffer.of(192, 168, 1, 2),
  ipv6: Buffer.alloc(16, 7),
});
const PEX = bencode.encode({
  added: Buffer.from('c6126401c8d5c6126501c8d5', 'hex'),
  'added.f': Buffer.of(0, 0),
  added6: Buffer.alloc(18, 3),
  dropped: Buffer.from('c6126401c8d5', 'hex'),
});
const QUERY = bencode.encode({
  a: { id: Buffer.alloc(20, 1), info_hash: Buffer.alloc(20, 2), port: 51413, implied_port: 1, token: 'x' },
  q: 'announce_peer',
  t: 'aa',
  y: 'q',
});
const ANNOUNCE =
  '/announce?info_hash=%12%34%e4xyz%00%ff&peer_id=-TR3000-abcdefghijkl&port=51413&ip=192.0.2.1&ipv6=2001:db8::1' +
  '&event=started&compact=1';
/** BEP 15: connection id, action 1, transaction, then 98 bytes in all. */
const UDP_ANNOUNCE = Buffer.concat([
  Buffer.from('000004172710198000000001', 'hex'),
  Buffer.alloc(72, 3),
  Buffer.from('c0000201', 'hex'),
  Buffer.alloc(10, 1),
]);
const STUN = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');

const SIGHTINGS = [
  {
    kind: 'dht-query',
    atNs: 7,
    party: 'dht-0',
    sourceAddress: '198.51.100.10',
    sourcePort: 6881,
    query: 'get_peers',
    nodeId: 'aa',
    infoHash: null,
    port: 1,
  },
  {
    kind: 'peer-pex',
    atNs: 9,
    party: 'peer-1',
    sourceAddress: '2001:db8::1',
    sourcePort: 1,
    added: ['198.18.1.1:1'],
    dropped: [],
  },
];
const EVENTS = [
  ...SIGHTINGS,
  { kind: 'fault', atNs: 1, fault: 'link-down', span: { beforeNs: 1, afterNs: 2 } },
  { kind: 'note', atNs: 3, text: 'x' },
];
const SCENARIO = `title: T
hypothesis: H
clients: [transmission, qbittorrent]
killSwitches: [none, "app-kill(poll=2s)"]
faults: [link-down]
moments: [uniform 0s..2s, delay 1s]
trials: 2
exclude: [{ client: transmission, killSwitch: none }]
observe: { steady: 40s, outage: 5s, recovery: 4s }
`;

export const PARSERS: readonly Parser[] = [
  { name: 'bencode', examples: [EXTENDED, PEX], alphabet: BENCODE, parse: (input) => decode(input) !== null },
  {
    name: 'extension handshake',
    examples: [EXTENDED],
    alphabet: BENCODE,
    parse: (input) => readExtended(decode(input)) !== null,
  },
  { name: 'peer exchange', examples: [PEX], alphabet: BENCODE, parse: (input) => readPex(input) !== null },
  {
    name: 'DHT query',
    examples: [QUERY],
    alphabet: BENCODE,
    parse: (input) => readQuery(Buffer.from(input)) !== null,
  },
  {
    name: 'announce over HTTP',
    examples: [text(ANNOUNCE)],
    alphabet: '/announce?&=%0123456789abcdef.:ip6',
    parse: (input) => readHttpAnnounce(Buffer.from(input).toString('latin1')) !== null,
  },
  {
    name: 'announce over UDP',
    examples: [UDP_ANNOUNCE],
    alphabet: '\x00\x01\x02\xff',
    parse: (input) => readUdpAnnounce(Buffer.from(input)) !== null,
  },
  {
    name: 'packed addresses',
    examples: [Buffer.from('c6126401c8d5c6126501c8d5', 'hex')],
    alphabet: '\x00\xff\xc6\x12',
    parse: (input) => [...unpackEndpoints(input, 4), ...unpackEndpoints(input, 16)].length > 0,
  },
  {
    name: 'STUN request',
    examples: [STUN],
    alphabet: '\x00\x01\x21\x12\xa4\x42',
    parse: (input) => bindingResponse(Buffer.from(input), { address: '2001:db8::1', port: 7 }) !== null,
  },
  {
    name: 'canary',
    examples: [canaryBytes('0123456789'), text('ksl-canary-0123456789.swarm.test')],
    alphabet: 'KSL-CANARYkslcanary0123456789',
    parse: (input) => {
      const bytes = Buffer.from(input);
      return (nonceIn(bytes) ?? nonceIn(bytes.toString('latin1'))) !== null;
    },
  },
  {
    name: 'resolver log',
    examples: [text('dnsmasq[7]: 12 192.0.2.1/4242 query[AAAA] name.example from 192.0.2.1')],
    alphabet: 'dnsmasq[]: 0123456789./query ',
    parse: (input) => parseQuery(Buffer.from(input).toString('latin1')) !== null,
  },
  {
    name: 'pcap stream',
    examples: [
      pcap([{ atNs: 5, bytes: udpFrame('192.168.1.2', '198.18.0.7', [9, 9], text('x')) }]),
      pcap([{ atNs: 5, bytes: text('frame') }], { littleEndian: false, nano: false }),
    ],
    alphabet: '\xa1\xb2\x3c\x4d\xc3\xd4\x00\x01\xff',
    parse: (input) => {
      const stream = new PcapStream(0n, () => undefined);
      try {
        stream.push(Buffer.from(input));
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('Not a pcap stream')) return false;
        throw error;
      }
      return stream.frames > 0;
    },
  },
  { name: 'timeline', examples: EVENTS.map(json), alphabet: JSON_SYMBOLS, parse: lines(timelineEventSchema) },
  { name: 'trial record', examples: [json(recordOf({}))], alphabet: JSON_SYMBOLS, parse: lines(trialRecordSchema) },
  {
    name: 'session record',
    examples: [
      json({ event: 'started', at: 'now', commit: null, sealed: 0, watch: { kind: 'none', reason: 'x' } }),
      json({ event: 'ended', at: 'now', how: 'finished', escaped: { frames: 0, dropped: null, first: [] } }),
    ],
    alphabet: JSON_SYMBOLS,
    parse: lines(sessionRecordSchema),
  },
  { name: 'manifest', examples: [json(manifestOf('none'))], alphabet: JSON_SYMBOLS, parse: lines(manifestSchema) },
  {
    name: 'swarm line',
    examples: [...SIGHTINGS.map(json), json({ ready: true, infoHash: 'a' })],
    alphabet: JSON_SYMBOLS,
    parse: lines(swarmLineSchema),
  },
  {
    name: 'scenario',
    examples: [text(SCENARIO)],
    alphabet: ': -[]{}&*!|>%@`#\n\t"\'abcdefs0123',
    parse: refusing((words) => parseScenario('fuzz', words, 'fuzz.yaml')),
  },
  {
    name: 'moment',
    examples: [text('uniform 0s..2s'), text('delay 1s'), text('event piece 3 within 20s')],
    alphabet: 'delayuniform event.0123456789msh',
    parse: refusing(parseMoment),
  },
  {
    name: 'plugin reference',
    examples: [text('app-kill(poll=2s)'), text('none'), text('a(b=1,c=2)+d')],
    alphabet: 'abc()=,+ 0123s-',
    parse: refusing(parseReferences),
  },
];
