/** Packet by packet, the classifier and Wireshark's dissectors must come to the same verdict. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream, type RandomStream } from '../../../src/analysis/statistics/random.ts';
import { ROUTER_MAC, bytes, ethernet, frame, hex, pcap, tcp, u16, udp } from '../../kit/frames.ts';
import {
  CLEAR,
  ENDPOINT,
  ENDPOINT_PORT,
  HOUSEKEEPING,
  INNER,
  REAL,
  STRANGE,
  STRANGER,
  arp,
  tunnelFrame,
} from '../../kit/planted.ts';
import { withFolder } from '../../kit/scratch.ts';
import { tsharkFields, tsharkIsMissing } from '../../kit/tshark.ts';
import { Judge } from '../../kit/judged.ts';

const FIELDS = [
  'eth.src',
  'ip.src',
  'ip.dst',
  'ip.proto',
  'ip.frag_offset',
  'ipv6.src',
  'udp.dstport',
  'icmp.type',
  'icmpv6.type',
  'ip.ttl',
  'ipv6.hlim',
  'dhcp.cookie',
  'dhcpv6.msgtype',
  'udp.srcport',
  'frame.protocols',
  'http.request.uri',
];

/** The outermost network protocol of `frame.protocols`; an ICMP error quotes another behind it. */
const FAMILY_OF = new Map([
  ['ip', 'v4'],
  ['ipv6', 'v6'],
]);
/** What Wireshark does not find by itself. */
const HINTS = ['--enable-heuristic', 'bt_utp_udp', '-d', 'tcp.port==6000,bittorrent'];

/** The verdict a person would read off Wireshark's columns; the class only where Wireshark names the protocol. */
function verdictOf(row: readonly string[]): { kind: string; class: string | null; family: string; source: string } {
  const [mac, ip4, to4, protocol, offset, ip6, port, icmp, icmp6, ttl, hops, cookie, message, ...rest] = row;
  const [fromPort, protocols = '', uri] = rest;
  const names = protocols.split(':');
  const family = names.includes('arp')
    ? 'non-ip'
    : (FAMILY_OF.get(names.find((name) => FAMILY_OF.has(name)) ?? '') ?? 'non-ip');
  const from = family === 'v4' ? ip4 : ip6;
  const source =
    from === REAL[family === 'v6' ? 'v6' : 'v4'] || from?.startsWith('fe80')
      ? 'real'
      : from === INNER.v4 || from === INNER.v6
        ? 'tunnel'
        : 'other';
  const result = (kind: string, name: string | null = null) => ({ kind, class: name, family, source });
  if (mac !== '02:00:00:00:01:02') return result('not leaving');
  if (names.includes('arp')) return result('arp');
  const laterFragment = offset !== '' && Number(offset) > 0;
  if (to4 === ENDPOINT.v4 && protocol === '17' && (port === String(ENDPOINT_PORT) || laterFragment))
    return result('tunnel');
  if (protocol === '2' && ttl === '1') return result('igmp');
  const between = (ports: readonly string[]): boolean => ports.includes(port ?? '') && ports.includes(fromPort ?? '');
  if (family === 'v4' && between(['67', '68']) && cookie !== '') return result('dhcp');
  if (family === 'v6' && between(['546', '547']) && Number(message) >= 1 && Number(message) <= 36)
    return result('dhcp');
  if (['3', '11', '12'].includes(icmp ?? '') && to4 === ENDPOINT.v4) return result('tunnel-icmp');
  if (Number(icmp6) >= 133 && Number(icmp6) <= 137 && hops === '255') return result('ndp');
  if (hops === '1' && ['130', '131', '132', '143'].includes(icmp6 ?? '')) return result('mld');
  if (port === '9' && to4 === '198.18.0.7') return result('canary');
  return result('clear', classOf(names, uri ?? ''));
}

function classOf(protocols: readonly string[], uri: string): string | null {
  const names: [string, string][] = [
    ['bittorrent', 'peer-tcp'],
    ['bt-utp', 'peer-utp'],
    ['bt-dht', 'dht'],
    ['ssdp', 'ssdp'],
    ['portcontrol', 'nat-pmp'],
    ['lsd', 'lsd'],
    ['dns', 'dns'],
    ['stun', 'stun'],
    ['icmp', 'icmp'],
    ['icmpv6', 'icmp'],
  ];
  if (protocols.includes('http') && /announce\?|scrape\?/.test(uri)) return 'tracker-http';
  return names.find(([protocol]) => protocols.includes(protocol))?.[1] ?? null;
}

/** Frames of every header the classifier looks at, at random; payloads that no dissector of Wireshark's claims. */
function randomFrame(random: RandomStream): Uint8Array {
  const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)]!;
  const version = pick(['v4', 'v4', 'v6'] as const);
  const link = {
    from: pick(['02:00:00:00:01:02', '02:00:00:00:01:02', ROUTER_MAC]),
    vlans: pick([[], [], [5], [5, 6]]),
  };
  const shape = random.below(20);
  if (shape === 0) return arp(REAL.v4, link);
  if (shape === 1) return ethernet(pick([0x88cc, 0x888e, 0x9999]), new Uint8Array(40), link);
  const from = pick([REAL, INNER, STRANGE])[version];
  const to = pick([ENDPOINT, STRANGER, { v4: '198.18.0.7', v6: STRANGER.v6 }])[version];
  const protocol = pick([17, 17, 17, 6, version === 'v4' ? 1 : 58, version === 'v4' ? 2 : 58, 132]);
  const port = pick([ENDPOINT_PORT, 67, 68, 546, 547, 9, 33_000, 44_000]);
  const body = bytes(0xff, 0xff, ...Array.from({ length: random.below(30) }, () => 0xee));
  const type = pick([0, 1, 2, 3, 4, 8, 11, 12, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 142, 143, 144]);
  const payload =
    protocol === 17
      ? udp(port, pick([port, 44_001]), body)
      : protocol === 6
        ? tcp(port, port, bytes())
        : bytes(type, 0, u16(0), new Uint8Array(24));
  return frame(
    {
      protocol,
      from,
      to,
      payload,
      options: version === 'v4' && random.below(4) === 0 ? hex('94040000 01010101') : bytes(),
      extensions:
        version === 'v6' && random.below(3) === 0 ? [{ number: pick([0, 60]), body: hex('00010400000000') }] : [],
      hops: pick([64, 255, 1]),
      fragment: version === 'v4' ? pick([0, 0, 0, 0x4000, 0x2000, 0x2010, 0x0010]) : 0,
      id: random.below(65_536),
    },
    link,
  );
}

describe('tshark', () => {
  let missing: string | null;
  before(async () => {
    missing = await tsharkIsMissing();
    if (missing !== null) process.stdout.write(`    skipped: ${missing}\n`);
  });

  async function agree(frames: readonly Uint8Array[], options: readonly string[], withClass: boolean): Promise<number> {
    return withFolder(async (folder) => {
      const file = join(folder, 'frames.pcap');
      await writeFile(file, pcap(frames.map((data, at) => ({ atNs: at, bytes: data }))));
      const rows = await tsharkFields(file, FIELDS, options);
      assert.equal(rows.length, frames.length);
      const judge = new Judge();
      let named = 0;
      rows.forEach((row, at) => {
        const theirs = verdictOf(row);
        const ours = judge.of(frames[at]!);
        const text = `frame ${at + 1}: ${row.join(' | ')}: ${Buffer.from(frames[at]!).toString('hex')}`;
        if (theirs.kind !== 'clear') {
          assert.equal(ours, theirs.kind, text);
          return;
        }
        const [name, family, source] = ours.split(' ');
        assert.deepEqual([family, source], [theirs.family, theirs.source], `${ours} ${text}`);

        if (!withClass || theirs.class === null) return;
        assert.equal(name, theirs.class, text);
        named++;
      });
      return named;
    });
  }

  it('names the planted frames the same', async function () {
    if (missing !== null) this.skip(); // why is said once, above
    // Its uTP heuristic takes WireGuard's handshake for uTP.
    const clear = CLEAR.filter(({ what }) => !what.startsWith('WireGuard')).flatMap(({ build }) =>
      (['v4', 'v6'] as const).flatMap((version) => [
        ...[REAL, INNER, STRANGE].map((source) => build(source[version], version)),
        build(REAL[version], version, { from: ROUTER_MAC }),
      ]),
    );
    const frames = [...clear, ...HOUSEKEEPING.map(({ bytes: data }) => data), tunnelFrame(REAL.v4)];
    // Each is a conversation of its own: tshark too remembers what a flow was.
    const named = await agree(frames, HINTS, true);
    assert.ok(named >= 72, `tshark itself named ${named} clear packets`);
  });

  it('comes to the same verdict on a thousand random frames', async function () {
    if (missing !== null) this.skip(); // why is said once, above
    const random = randomStream(20_250_101, 'tshark');
    const frames = Array.from({ length: 1000 }, () => randomFrame(random));
    await agree(frames, ['-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE'], false);
  });
});
