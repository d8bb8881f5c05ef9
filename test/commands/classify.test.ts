import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { classifyCommand } from '../../src/commands/classify.ts';
import { type Sent, pcap, udpFrame } from '../kit/frames.ts';
import { ORIGIN, at } from '../kit/invented-trial.ts';
import { CLEAR, INNER, REAL, arp, tunnelFrame } from '../kit/planted.ts';
import { withFolder } from '../kit/scratch.ts';

const WHO = [
  '--client',
  `${REAL.v4},${REAL.v6}`,
  '--tunnel',
  `${INNER.v4},${INNER.v6}`,
  '--endpoint',
  '198.51.100.10:51820',
];
const SENT: readonly Sent[] = [
  at(0, tunnelFrame(REAL.v4)),
  at(1, arp(REAL.v4)),
  ...CLEAR.map(({ build }, index) => at(2 + index, build(REAL.v4, 'v4'))),
];

/** What a command writes to a stream, and its exit code. */
async function run(argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const { stdout, stderr } = process;
  const original = { out: stdout.write.bind(stdout), err: stderr.write.bind(stderr) };
  stdout.write = (text: string | Uint8Array) => (written.out += String(text)).length >= 0;
  stderr.write = (text: string | Uint8Array) => (written.err += String(text)).length >= 0;
  try {
    return { code: await classifyCommand(argv), ...written };
  } finally {
    stdout.write = original.out;
    stderr.write = original.err;
  }
}

async function classify(
  data: Uint8Array,
  ...options: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  return withFolder(async (folder) => {
    const file = join(folder, 'a.pcap');
    await writeFile(file, data);
    return run([file, ...WHO, ...options]);
  });
}

const jsonSchema = z.object({
  capture: z.object({ packets: z.number(), originUnixNs: z.string(), broken: z.string().nullable() }),
  clear: z.array(
    z.object({ class: z.string(), family: z.string(), source: z.string(), packets: z.number(), firstNs: z.number() }),
  ),
  tunnel: z.object({ packets: z.number() }),
  housekeeping: z.array(z.object({ class: z.string(), packets: z.number() })),
  others: z.object({ packets: z.number() }),
  unreadable: z.array(z.object({ linkType: z.number(), packets: z.number() })),
  notes: z.array(z.string()),
});

describe('classify', () => {
  it('prints a table of the clear packets and says what else there was', async () => {
    const { code, out } = await classify(pcap(SENT, { originUnixNs: ORIGIN }));
    assert.equal(code, 0);
    assert.match(out, /a\.pcap: pcap, \d+ packets, first at 2025-01-01T00:00:00\.123456789Z/);
    for (const { class: name } of CLEAR) assert.match(out, new RegExp(`${name} +│ v4 +│ real +│ +\\d+ │`));
    assert.match(out, /tunnel: 1 packet, 186 bytes\n/);
    assert.match(out, /housekeeping: arp 1 packet, 42 bytes\n/);
    assert.match(out, /not from the client: 0 packets/);
    assert.doesNotMatch(out, /note:/);
  });

  it('prints the same as JSON', async () => {
    const { code, out } = await classify(pcap(SENT, { originUnixNs: ORIGIN }), '--json');
    const found = jsonSchema.parse(JSON.parse(out));
    assert.equal(code, 0);
    assert.equal(found.capture.originUnixNs, String(ORIGIN));
    assert.equal(
      found.clear.reduce((sum, { packets }) => sum + packets, 0),
      CLEAR.length,
    );
    assert.equal(found.clear.find((row) => row.class === 'peer-tcp')?.firstNs, 2e9);
    assert.deepEqual([found.tunnel.packets, found.others.packets, found.notes], [1, 0, []]);
    assert.deepEqual(
      found.housekeeping.map((row) => [row.class, row.packets]),
      [['arp', 1]],
    );
  });

  it('says how far a damaged capture could be read', async () => {
    const { code, out } = await classify(pcap(SENT).subarray(0, -1));
    assert.equal(code, 0);
    assert.match(out, /note: read \d+ of \d+ bytes; at byte \d+: the file ends \d+ bytes into a record/);
  });

  it('says when it saw no client, and when it could not look', async () => {
    const elsewhere = await classify(pcap([at(0, tunnelFrame('192.168.1.9'))]));
    assert.match(
      elsewhere.out,
      /No clear packet left the client\.[^]*note: no packet is from the client: check --client/,
    );
    const radio = jsonSchema.parse(JSON.parse((await classify(pcap(SENT, { linkType: 127 }), '--json')).out));
    assert.deepEqual(
      radio.unreadable.map(({ linkType, packets }) => [linkType, packets]),
      [[127, SENT.length]],
    );
    assert.match(radio.notes.join(), /link type 127, which cannot be read/);
  });

  it('takes several endpoints, with commas or one option each', async () => {
    const to = (address: string, port: number): Uint8Array =>
      udpFrame(REAL.v4, address, [40_000, port], new Uint8Array(60));
    const sent = pcap([at(0, tunnelFrame(REAL.v4)), at(1, to('198.51.100.11', 443)), at(2, to('198.51.100.12', 53))]);
    const tunnel = async (...more: string[]): Promise<number> =>
      jsonSchema.parse(JSON.parse((await classify(sent, '--json', ...more)).out)).tunnel.packets;
    assert.equal(await tunnel(), 1);
    assert.equal(await tunnel('--endpoint', '198.51.100.11:443'), 2);
    assert.equal(await tunnel('--endpoint', '198.51.100.11:443, 198.51.100.12:53'), 3);
    assert.equal(await tunnel('--endpoint', '198.51.100.11:444'), 1);
  });

  it('refuses what makes no sense, naming it', async () => {
    const asked = (...options: string[]): Promise<unknown> => run(['/nonexistent.pcap', ...options]);
    const { code, err } = await run(['/nonexistent.pcap', '--client', REAL.v4]);
    assert.equal(code, 2);
    assert.match(err, /required option '--tunnel <addresses>'/);
    await assert.rejects(asked(...WHO), /ENOENT.*nonexistent\.pcap/);
    const but = (option: string, value: string): string[] =>
      WHO.map((word, index) => (WHO[index - 1] === option ? value : word));
    await assert.rejects(asked(...but('--client', 'eth0')), /«eth0» is not an IP address/);
    await assert.rejects(
      asked(...but('--endpoint', '198.51.100.10')),
      /--endpoint «198\.51\.100\.10» is not ADDR:PORT/,
    );
    await assert.rejects(asked(...but('--endpoint', 'vpn.example:51820')), /«vpn\.example» is not an IP address/);
    await assert.rejects(asked(...WHO, '--mac', 'eth0'), /«eth0» is not an Ethernet address/);
  });
});
