import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SealOptions, sealCapture } from '../../../src/analysis/capture/seal-capture.ts';
import { measureTrial } from '../../../src/analysis/measure/measure.ts';
import { type Sent, bytes, pcap, tcpFrame, udpFrame } from '../../kit/frames.ts';
import { ORIGIN, S, at, recordOf } from '../../kit/invented-trial.ts';
import { ENDPOINT, ENDPOINT_PORT, HANDSHAKE, NODE, PEER, PING, REAL, arp, tunnelFrame } from '../../kit/planted.ts';
import { programOutput } from '../../kit/program.ts';
import { readFrames, withFolder } from '../../kit/scratch.ts';
import { tsharkFields, tsharkIsMissing } from '../../kit/tshark.ts';

const BULK = new Uint8Array(1000);
const SENT: readonly Sent[] = [
  at(1, arp(REAL.v4)),
  { atNs: 2 * S + 1, bytes: udpFrame(REAL.v4, ENDPOINT.v4, [40000, ENDPOINT_PORT], BULK) },
  at(3, udpFrame(ENDPOINT.v4, REAL.v4, [ENDPOINT_PORT, 40000], BULK, { from: '02:00:00:00:01:01' })),
  at(11, udpFrame(REAL.v4, NODE.v4, [51413, 6881], PING)),
  at(12, tcpFrame(REAL.v4, PEER.v4, [40000, 51413], bytes(HANDSHAKE, BULK))),
  at(21, tunnelFrame(REAL.v4)),
];
const OPTIONS: Omit<SealOptions, 'sources' | 'out'> = {
  name: 'uplink',
  originUnixNs: ORIGIN,
  comments: [],
  trimTunnel: { endpoints: [{ address: ENDPOINT.v4, port: ENDPOINT_PORT }], bytes: 128 },
  dropped: 0,
};

/** Seals frames with the options and hands on the folder with `raw.pcap` and `sealed.pcapng`. */
async function sealed(
  options: Partial<SealOptions>,
  check: (folder: string, report: Awaited<ReturnType<typeof sealCapture>>) => Promise<void>,
  sent = SENT,
): Promise<void> {
  await withFolder(async (folder) => {
    const raw = join(folder, 'raw.pcap');
    await writeFile(raw, pcap(sent, { originUnixNs: ORIGIN }));
    const report = await sealCapture({ ...OPTIONS, sources: [raw], out: join(folder, 'sealed.pcapng'), ...options });
    await check(folder, report);
  });
}

describe('sealing a capture', () => {
  it('keeps every instant, length and frame, cutting only the tunnel’s datagrams', async () => {
    await sealed({}, async (folder, report) => {
      const { frames, report: read } = await readFrames(join(folder, 'sealed.pcapng'), ORIGIN);
      assert.deepEqual(report, { packets: 6, broken: [], unplaced: 0 });
      assert.deepEqual([read.packets, read.broken, read.dropped], [6, null, 0]);
      frames.forEach(({ atNs, original, data }, index) => {
        const { atNs: sentNs, bytes: whole } = SENT[index]!;
        const kept = [1, 2, 5].includes(index) ? 128 : whole.length;
        assert.deepEqual([atNs, original], [sentNs, whole.length]);
        assert.equal(data.toString('hex'), Buffer.from(whole.subarray(0, kept)).toString('hex'));
      });
    });
  });

  it('does not change what the trial measures', async () => {
    await sealed({}, async (folder) => {
      const record = recordOf({ uplink: SENT, counted: 2 });
      const measure = (name: string): ReturnType<typeof measureTrial> =>
        measureTrial({ record, timeline: [], uplinkFile: join(folder, name), wanFile: null });
      const result = await measure('sealed.pcapng');
      assert.deepEqual(result, await measure('raw.pcap'));
      assert.equal(result.measures.clearPackets, 2);
      assert.deepEqual(result.problems, []);
    });
  });

  it('gives the same bytes for the same capture', async () => {
    await sealed({}, async (one) => {
      await sealed({}, async (other) => {
        const read = (folder: string): Promise<Buffer> => readFile(join(folder, 'sealed.pcapng'));
        assert.ok((await read(one)).equals(await read(other)));
      });
    });
  });
});

describe('sealing several sources, with comments', () => {
  it('puts each comment on the first packet at or after its instant, where Wireshark shows it', async function () {
    const missing = await tsharkIsMissing();
    if (missing !== null) {
      process.stdout.write(`      skipped: ${missing}\n`);
      this.skip();
    }
    const comments = [
      { atNs: 12 * S, text: 'containment: the last clear packet' },
      { atNs: 10 * S, text: 'fault: link-down' },
      { atNs: 10 * S + 1, text: 'Störung' },
      { atNs: 30 * S, text: 'too late for any packet' },
    ];
    await sealed({ comments, dropped: 3 }, async (folder, report) => {
      assert.equal(report.unplaced, 1);
      const file = join(folder, 'sealed.pcapng');
      const stdout = await programOutput([
        'tshark',
        '-n',
        '-r',
        file,
        '-T',
        'fields',
        '-E',
        'aggregator=;',
        '-e',
        'frame.comment',
      ]);
      assert.deepEqual(stdout.split('\n').slice(0, 6), [
        '',
        '',
        '',
        'fault: link-down;Störung',
        'containment: the last clear packet',
        '',
      ]);
      assert.deepEqual(
        await tsharkFields(file, ['frame.interface_name']),
        SENT.map(() => ['uplink']),
      );
      const { report: read } = await readFrames(file);
      assert.equal(read.dropped, 3);
      assert.ok((await readFile(file)).includes('too late for any packet'));
    });
  });

  it('joins several sources, of several link types', async () => {
    await withFolder(async (folder) => {
      const sources = [join(folder, 'a.pcap'), join(folder, 'b.pcap')];
      await writeFile(sources[0]!, pcap(SENT, { originUnixNs: ORIGIN }));
      await writeFile(sources[1]!, pcap([at(30, PING)], { originUnixNs: ORIGIN, linkType: 101 }));
      const out = join(folder, 'out.pcapng');
      await sealCapture({ ...OPTIONS, sources, out });
      const { frames } = await readFrames(out, ORIGIN);
      assert.deepEqual(
        frames.map(({ linkType }) => linkType),
        [1, 1, 1, 1, 1, 1, 101],
      );
    });
  });
});

describe('sealing a capture of any size', () => {
  it('cuts nothing where nothing is to be cut, and says null where drops are not known', async () => {
    await sealed({ trimTunnel: null, dropped: null }, async (folder) => {
      const { frames, report } = await readFrames(join(folder, 'sealed.pcapng'), ORIGIN);
      assert.equal(report.dropped, null);
      assert.ok(frames.every(({ data, original }) => data.length === original));
    });
  });

  it('tells of a source that broke off, and writes a capture larger than its buffer', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => at(index, udpFrame(REAL.v4, NODE.v4, [1, 2], BULK)));
    await sealed(
      {},
      async (folder) => {
        const raw = join(folder, 'raw.pcap');
        await writeFile(raw, (await readFile(raw)).subarray(0, -1));
        const out = join(folder, 'cut.pcapng');
        const report = await sealCapture({ ...OPTIONS, sources: [raw], out });
        assert.equal(report.packets, 2999);
        assert.match(report.broken.join(), /raw\.pcap at byte \d+: the file ends/);
        assert.equal((await readFrames(out)).frames.length, 2999);
      },
      many,
    );
  });

  it('writes whole or not at all', async () => {
    await withFolder(async (folder) => {
      const source = join(folder, 'raw.pcap');
      await writeFile(source, 'no capture');
      await assert.rejects(
        sealCapture({ ...OPTIONS, sources: [source], out: join(folder, 'out.pcapng') }),
        /is not a capture/,
      );
      assert.deepEqual(await readdir(folder), ['raw.pcap']);
    });
  });

  it('makes a valid capture of nothing', async () => {
    await sealed(
      { comments: [{ atNs: 0, text: 'nothing came' }] },
      async (folder, report) => {
        assert.deepEqual(report, { packets: 0, broken: [], unplaced: 1 });
        const { report: read } = await readFrames(join(folder, 'sealed.pcapng'));
        assert.deepEqual([read.packets, read.broken, read.dropped], [0, null, 0]);
      },
      [],
    );
  });
});
