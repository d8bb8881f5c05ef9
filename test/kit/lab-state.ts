/** What a fault may change in a lab, as text to compare: links, addresses, routes, rules, filters, peers, processes. */
import type { Argv, Host } from '../../src/contracts/host.ts';
import type { Lab } from '../../src/contracts/lab.ts';

const QUESTIONS: readonly Argv[] = [
  ['ip', '-oneline', 'link', 'show'],
  ['ip', '-oneline', 'address', 'show'],
  ['ip', '-4', 'rule', 'show'],
  ['ip', '-6', 'rule', 'show'],
  ['ip', '-4', 'route', 'show', 'table', 'all'],
  ['ip', '-6', 'route', 'show', 'table', 'all'],
  ['nft', '--stateless', 'list', 'ruleset'],
  ['timeout', '1', 'wg', 'show', 'all', 'endpoints'],
  ['timeout', '1', 'wg', 'show', 'all', 'public-key'],
  ['timeout', '1', 'wg', 'show', 'all', 'listen-port'],
  ['cat', '/etc/resolv.conf'],
];

/** Indices, random addresses and ports that a thing made again has anew; the state a link reports for itself. */
const normal = (line: string): string =>
  line
    .replace(/^\d+: /, '')
    .replace(/fe80::[0-9a-f:]+\/64|fe80::[0-9a-f:]+/g, 'fe80::')
    .replace(/ state \w+| qlen \d+|\\?\s*valid_lft .*$| linkdown| noprefixroute| nodad| metric \d+| pref \w+/g, '')
    .replace(/,LOWER_UP|\bNO-CARRIER,/g, '')
    .trim();

async function hostState(host: Host): Promise<readonly string[]> {
  const answers = await Promise.all(QUESTIONS.map((argv) => host.run(argv, { anyStatus: true })));
  return answers.flatMap(({ stdout }, index) =>
    stdout
      .split('\n')
      .map(normal)
      .filter(
        (line) =>
          line !== '' &&
          !/^(?:multicast|anycast) |^wg0\t\d+$|ff00::|203\.0\.113\.2:\d+|^wgs1\t\S+\t\(none\)$/.test(line),
      )
      .map((line) => `${host.name}: ${QUESTIONS[index]?.join(' ')}: ${line}`),
  );
}

/** The state letter of each process (R, S, T, Z) with running and sleeping taken as one; «gone» where there is none. */
async function processState(host: Host, pid: number): Promise<string> {
  const { status, stdout } = await host.run(['cat', `/proc/${pid}/stat`], { anyStatus: true });
  if (status.code !== 0) return 'gone';
  const letter = /\) (\w)/.exec(stdout)?.[1] ?? '?';
  return /[RSDI]/.test(letter) ? 'alive' : letter === 'Z' ? 'gone' : letter;
}

export async function labState(lab: Lab, pids: () => Promise<readonly number[]>): Promise<readonly string[]> {
  const states = await Promise.all((await pids()).map((pid) => processState(lab.hosts.client, pid)));
  const hosts = [lab.hosts.client, lab.hosts.vpn, ...(lab.tunnel.host === undefined ? [] : [lab.tunnel.host])];
  const lines = (await Promise.all(hosts.map(hostState))).flat();
  return [...new Set([...lines, ...states.map((state, index) => `process ${index}: ${state}`)])].sort();
}
