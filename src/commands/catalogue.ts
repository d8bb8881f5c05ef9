/**
 * The catalogues as tables: what `--list --clients`, `--switches` and `--faults` print, and docs/clients.md. Everything
 * is what the plugins declare; the versions alone are read from what is installed here.
 */
import { tmpdir } from 'node:os';
import { clients } from '../clients/index.ts';
import { faults } from '../faults/index.ts';
import { killSwitches } from '../killswitches/index.ts';
import type { TorrentClient } from '../contracts/client.ts';
import type { Host, Need } from '../contracts/host.ts';
import type { SwitchClaims } from '../contracts/kill-switch.ts';
import { messageOf } from '../contracts/errors.ts';
import { runProcess } from '../harness/labs/child-process.ts';
import { missing } from '../harness/labs/provision.ts';
import type { TextTable } from './text-table.ts';

/** Words of the field for what the contracts abbreviate. */
const SPOKEN: Readonly<Record<keyof TorrentClient['speaks'], string>> = {
  utp: 'uTP',
  udpTracker: 'UDP trackers',
  dht: 'DHT',
  pex: 'PEX',
  lsd: 'LSD',
  portMapping: 'UPnP or NAT-PMP',
  ipv6: 'IPv6',
  webrtc: 'WebRTC',
  magnet: 'magnet links',
  encryption: 'encryption',
};

const CLIENT_HEAD = ['bound by', 'speaks', 'changed from its defaults, and why', 'keeps across restarts'];

/** The clients with their versions here, or the packages that are missing. */
export async function clientCatalogue(listed: readonly TorrentClient[] = clients): Promise<TextTable> {
  const versions = await Promise.all(listed.map(versionHere));
  return {
    head: ['client', 'version', ...CLIENT_HEAD],
    rows: listed.map((client, index) => [[client.id], [versions[index] ?? ''], ...declared(client)]),
  };
}

/** The clients with the packages they need, whatever is installed: the same everywhere. */
function clientDeclarations(): TextTable {
  return {
    head: ['client', 'packages', ...CLIENT_HEAD],
    rows: clients.map((client) => [[client.id], packagesOf(client.needs), ...declared(client)]),
  };
}

export function switchCatalogue(): TextTable {
  return {
    head: ['kill switch', 'family', 'claims', 'reproduces'],
    rows: killSwitches.map(({ id, family, claims, reproduces }) => [[id], [family], [claimed(claims)], [reproduces]]),
  };
}

export function faultCatalogue(): TextTable {
  return {
    head: ['fault', 'group', 'what it is', 'what really happens'],
    rows: faults.map(({ id, group, title, happens }) => [[id], [group], [title], [happens]]),
  };
}

function declared({ bindings, speaks, changes, persists }: TorrentClient): string[][] {
  return [
    bindings.filter((kind) => kind !== 'none'),
    [spoken(speaks).join(', ')],
    changes.map(({ setting, reason }) => `${setting}: ${reason}`),
    persists.map(({ path, holds }) => `${path}: ${holds}`),
  ].map((lines) => (lines.length === 0 || lines[0] === '' ? ['-'] : [...lines]));
}

function spoken(speaks: TorrentClient['speaks']): string[] {
  return Object.entries(SPOKEN).flatMap(([name, word]) =>
    Object.entries(speaks).some(([key, on]) => key === name && on) ? [word] : [],
  );
}

function claimed(claims: SwitchClaims): string {
  return Object.entries(claims)
    .flatMap(([name, holds]) => (holds ? [name] : []))
    .join(', ');
}

function packagesOf(needs: readonly Need[]): string[] {
  return needs.length === 0 ? ['npm'] : [...new Set(needs.map((need) => need.package))];
}

async function versionHere(client: TorrentClient): Promise<string> {
  const absent = missing(client.needs).map((need) => need.package);
  if (absent.length > 0) return `missing: package ${absent.join(', ')}`;
  return client.version(THIS_MACHINE).catch((error: unknown) => `does not tell: ${messageOf(error)}`);
}

/** Host that is this machine: enough of one to ask a program its version. */
const THIS_MACHINE: Host = {
  name: 'client',
  folder: tmpdir(),
  run: (argv, options = {}) => runProcess('client', argv, options, { PATH: process.env['PATH'] ?? '' }),
  spawn: () => Promise.reject(new Error('no lab is open here: only versions can be asked')),
};

/** docs/clients.md, without the versions, which are those of the machine. */
export function clientsPage(): string {
  return `# The torrent clients

Each is the distribution's own binary, or the npm package, with its own default settings but for those listed. This page is
written by \`npm run scenario -- --list --clients --markdown > docs/clients.md\`; without \`--markdown\` the command prints
the same table with the versions installed here.

A scenario can switch DHT, PEX, LSD, port mapping, uTP and encryption on or off (\`features\`) and leaves what it does not
name at the client's default. Where a client has no such setting, and where it has no option to bind to an interface or
address, the trial is \`unsupported\` and says so.

${asMarkdown(clientDeclarations())}
`;
}

/** Lays the catalogue out as a table of Markdown. */
function asMarkdown({ head, rows }: TextTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\\[', '[');
  return [
    line(head),
    line(head.map(() => '---')),
    ...rows.map((row) => line(row.map((lines) => lines.map(escaped).join('<br>')))),
  ].join('\n');
}
