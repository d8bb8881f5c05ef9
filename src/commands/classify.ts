/**
 * `npm run classify <capture>`: judges any capture by the lab's rules. It is told who the client is and knows nothing of a
 * swarm, so an encrypted peer at an unknown address comes out as `other`; clear it is all the same.
 */
import Table from 'cli-table3';
import { Command } from 'commander';
import * as z from 'zod';
import { ADDRESS, ENDPOINT_PORT } from '../contracts/addresses.ts';
import { parseAddress, splitEndpoint } from '../analysis/capture/address.ts';
import type { ClientIdentity } from '../analysis/classify/classifier.ts';
import { type CaptureSummary, type Volume, summariseCapture } from '../analysis/classify/capture-summary.ts';
import { parseMac } from '../analysis/classify/leaving.ts';
import { EXIT, RequestError, messageOf } from '../contracts/errors.ts';
import { terminalText } from '../contracts/media.ts';
import { parseArguments } from './arguments.ts';
import { NS_PER_MS_BIG, NS_PER_SECOND_BIG } from '../records/units.ts';

const list = (text: string): string[] => text.split(',').map((each) => each.trim());
const addresses = z.string().transform(list);
const optionsSchema = z.object({
  client: addresses,
  tunnel: addresses,
  endpoint: z.array(z.string()),
  mac: z.string().optional(),
  json: z.boolean().default(false),
});

const RIGHT = 'right';

/** Exit code 0 when the capture was read as far as it goes, 2 when it, or what was asked, makes no sense. */
export async function classifyCommand(argv: readonly string[]): Promise<number> {
  const command = new Command('npm run classify --')
    .description('names every packet of a capture that leaves the client outside its tunnel')
    .argument('<capture>', 'pcap or pcapng file')
    .requiredOption('--client <addresses>', 'addresses of the client outside the tunnel: ADDR[,ADDR6]')
    .requiredOption('--tunnel <addresses>', 'addresses of the client inside the tunnel: ADDR[,ADDR6]')
    .requiredOption(
      '--endpoint <address:port>',
      "where the tunnel's own datagrams go: ADDR:PORT or [ADDR6]:PORT; several with commas, or the option again",
      (text, before: readonly string[] | undefined) => [...(before ?? []), ...list(text)],
    )
    .option('--mac <address>', 'Ethernet address of the client; learnt from its addresses when not given')
    .option('--json', 'print JSON instead of a table');
  const stop = parseArguments(command, argv);
  if (stop !== null) return stop;
  const [file = ''] = command.args;
  if (file === '-') {
    throw new RequestError(
      'standard input («-») is not read: save the capture to a file (tcpdump -w capture.pcap) and name that file',
    );
  }
  const options = optionsSchema.parse(command.opts());
  const summary = await summariseCapture(file, clientOf(options));
  const text = options.json ? `${JSON.stringify(asJson(file, summary), null, 2)}\n` : asText(file, summary);
  process.stdout.write(terminalText(text));
  return EXIT.done;
}

/** Throws `RequestError` naming the address or endpoint that cannot be read. */
function clientOf({ client, tunnel, endpoint, mac }: z.infer<typeof optionsSchema>): ClientIdentity {
  [...client, ...tunnel].forEach(assertAddress);
  if (mac !== undefined) parseMac(mac);
  return { mac: mac ?? null, real: client, tunnel, endpoints: endpoint.map(readEndpoint) };
}

function readEndpoint(text: string): ClientIdentity['endpoints'][number] {
  const endpoint = splitEndpoint(text);
  if (endpoint === null) {
    throw new RequestError(
      `--endpoint «${text}» is not ADDR:PORT: give one like ${ADDRESS.vpn.v4}:${ENDPOINT_PORT} or [${ADDRESS.vpn.v6}]:${ENDPOINT_PORT}`,
    );
  }
  assertAddress(endpoint.address);
  return endpoint;
}

function assertAddress(text: string): void {
  try {
    parseAddress(text);
  } catch (error) {
    throw new RequestError(messageOf(error));
  }
}

function asJson(file: string, summary: CaptureSummary): unknown {
  const { report, unreadable, ...counts } = summary;
  return {
    file,
    capture: { ...report, originUnixNs: String(report.originUnixNs) },
    ...counts,
    // What the notes are made of; JSON leaves it out.
    senders: undefined,
    unreadable: [...unreadable].map(([linkType, volume]) => ({ linkType, ...volume })),
    notes: notesOn(summary),
  };
}

function asText(file: string, summary: CaptureSummary): string {
  const { report, clear, housekeeping, tunnel, canary, others } = summary;
  const lines = [
    `${file}: ${report.format}, ${report.packets} packets, first at ${instantText(report.originUnixNs)}`,
    clear.length > 0 ? clearTable(clear) : isInnerOnly(summary) ? NOTHING_TO_SAY : 'No clear packet left the client.',
    `tunnel: ${volumeText(tunnel)}`,
    `housekeeping: ${housekeeping.length === 0 ? 'none' : housekeeping.map((one) => `${one.class} ${volumeText(one)}`).join('; ')}`,
    ...(canary.packets > 0 ? [`canaries: ${volumeText(canary)}`] : []),
    `not from the client: ${volumeText(others)}`,
    ...notesOn(summary).map((note) => `note: ${note}`),
  ];
  return `${lines.join('\n')}\n`;
}

function clearTable(rows: CaptureSummary['clear']): string {
  const table = new Table({
    head: ['class', 'family', 'source', 'packets', 'bytes', 'first (s)', 'last (s)'],
    colAligns: ['left', 'left', 'left', RIGHT, RIGHT, RIGHT, RIGHT],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    table.push([row.class, row.family, row.source, row.packets, row.bytes, seconds(row.firstNs), seconds(row.lastNs)]);
  }
  return table.toString();
}

const NOTHING_TO_SAY =
  'Nothing can be said of what left the client: only its tunnel and loopback devices are in the capture.';

/** Whether the link that packets leave on is not in the capture. */
function isInnerOnly({ report, inner }: CaptureSummary): boolean {
  return inner.packets > 0 && inner.packets === report.packets;
}

/** What the reader of the counts must know to trust them. */
function notesOn(summary: CaptureSummary): string[] {
  const { report, unreadable, others, clear, tunnel, housekeeping, canary, inner, again, senders } = summary;
  const notes: string[] = [];
  if (report.broken !== null) {
    notes.push(`read ${report.readBytes} of ${report.fileBytes} bytes; ${report.broken}`);
  }
  if (report.dropped !== null && report.dropped > 0) notes.push(`the capture itself dropped ${report.dropped} packets`);
  for (const [linkType, { packets }] of unreadable) {
    notes.push(`${packets} packets are of link type ${linkType}, which cannot be read: they are in no count`);
  }
  if (inner.packets > 0) {
    notes.push(
      `${packetsText(inner)} on the tunnel's own device or the loopback: inner packets, which did not leave there`,
    );
  }
  if (isInnerOnly(summary)) notes.push('capture the device that the tunnel’s datagrams leave on');
  if (again.packets > 0)
    notes.push(`${packetsText(again)} seen again on another link of the same machine, and not counted again`);
  for (const { mac, others: addresses, shared } of senders) {
    if (addresses.length === 0) continue;
    const named = addresses.join(', ');
    notes.push(
      shared
        ? `${mac} is the Ethernet address of several hosts (${named}), a router's: what it sends counts where it bears an address of --client or --tunnel; if those are the client's too, name them there or give --mac ${mac}`
        : `packets from ${named} count as the client's, since they bear its Ethernet address ${mac}: name what is its own in --client or --tunnel`,
    );
  }
  const leaving = [tunnel, canary, ...clear, ...housekeeping].some(({ packets }) => packets > 0);
  if (!leaving && others.packets > 0 && !isInnerOnly(summary))
    notes.push('no packet is from the client: check --client, or give its --mac');
  return notes;
}

function packetsText({ packets }: Volume): string {
  return packets === 1 ? '1 packet was' : `${packets} packets were`;
}

function volumeText({ packets, bytes }: Volume): string {
  return `${packets} packet${packets === 1 ? '' : 's'}, ${bytes} bytes`;
}

/** Nanoseconds as seconds, to the nanosecond. */
function seconds(ns: number): string {
  // A hostile timestamp is beyond what a number prints in digits.
  const digits = String(BigInt(Math.round(Math.abs(ns)))).padStart(10, '0');
  return `${ns < 0 ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

function instantText(unixNs: bigint): string {
  // Never negative: an instant before 1970 is so long after the second before it.
  const restNs = ((unixNs % NS_PER_SECOND_BIG) + NS_PER_SECOND_BIG) % NS_PER_SECOND_BIG;
  const date = new Date(Number((unixNs - restNs) / NS_PER_MS_BIG));
  return Number.isNaN(date.getTime())
    ? `${unixNs} ns`
    : date.toISOString().replace(/\d{3}Z$/, `${String(restNs).padStart(9, '0')}Z`);
}
