/**
 * Rules by iptables(8), as the implementations that use it insert them: one command a rule, in their order. What the
 * tool leaves behind when the last rule is gone (empty tables, in its nf_tables variant) is removed at the end, where
 * it was not there before: a host compared before and after is the same.
 */
import type { Host, Need } from '../harness/contracts.ts';

export const IPTABLES_NEEDS: readonly Need[] = [
  { command: 'iptables', package: 'iptables' },
  { command: 'ip6tables', package: 'iptables' },
  { command: 'nft', package: 'nftables' },
];

/** The tables of nf_tables on a host, as `ip filter`. */
export async function nftTables(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['nft', 'list', 'tables']);
  return stdout.split('\n').flatMap((line) => (line.startsWith('table ') ? [line.slice('table '.length)] : []));
}

/** Removes the tables iptables(8) made since `before` and that hold no rule any more. */
export async function removeEmptyTables(host: Host, before: readonly string[]): Promise<void> {
  for (const table of await nftTables(host)) {
    if (before.includes(table) || !/^ip6? (filter|nat|mangle|raw|security)$/.test(table)) continue;
    const { stdout } = await host.run(['nft', 'list', 'table', ...table.split(' ')]);
    const rules = stdout.split('\n').filter((line) => line.trim() !== '' && !/^\s*(table|chain|type|\}|#)/.test(line));
    if (rules.length === 0) await host.run(['nft', 'delete', 'table', ...table.split(' ')]);
  }
}

/** Deletes a rule as often as it is there; says nothing when it is not. */
export async function deleteRule(host: Host, tool: 'iptables' | 'ip6tables', rule: readonly string[]): Promise<void> {
  for (;;) {
    const { status } = await host.run([tool, '-D', ...rule], { anyStatus: true });
    if (status.code !== 0) return;
  }
}
