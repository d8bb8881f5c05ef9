/** What a kill switch may change on a host, as text to compare: packet filter, routes, rules of routing, sysctls. */
import type { Argv, Host } from '../../src/contracts/host.ts';

const QUESTIONS: readonly Argv[] = [
  ['nft', '--stateless', 'list', 'ruleset'],
  ['ip', '-4', 'rule', 'show'],
  ['ip', '-6', 'rule', 'show'],
  ['ip', '-4', 'route', 'show', 'table', 'all'],
  ['ip', '-6', 'route', 'show', 'table', 'all'],
  ['ip', '-oneline', 'address', 'show'],
  ['cat', '/etc/resolv.conf'],
  ['sysctl', '-a', '--pattern', '^net\\.'],
];
/** Counts and estimates of the kernel's own, which change without anyone changing them. */
const VOLATILE = /nf_conntrack_count|nf_conntrack_max|\bmetric|lladdr|expires|\.stable_secret|valid_lft/;

export async function hostState(host: Host): Promise<readonly string[]> {
  const answers = await Promise.all(QUESTIONS.map((argv) => host.run(argv, { anyStatus: true })));
  return answers.flatMap(({ stdout }, index) =>
    stdout
      .split('\n')
      .filter((line) => line.trim() !== '' && !(index === QUESTIONS.length - 1 && VOLATILE.test(line)))
      .map((line) => `${QUESTIONS[index]?.slice(0, 3).join(' ')}: ${line}`),
  );
}
