/** The packet filter of a host, saved and put back by the tools that made it: iptables' tables and native ones apart. */
import * as z from 'zod';
import type { Host } from '../contracts/host.ts';

const chainsSchema = z.object({
  nftables: z.array(
    z.looseObject({ chain: z.looseObject({ family: z.string(), table: z.string(), name: z.string() }).optional() }),
  ),
});

const IPTABLES = /^ip6? (?:filter|nat|mangle|raw|security)$/;

/** Saves what there is; the result puts exactly that back. */
export async function saveRules(host: Host): Promise<() => Promise<void>> {
  const before = new Set(await chains(host));
  const [four, six] = [await host.run(['iptables-save']), await host.run(['ip6tables-save'])];
  const native = await listNative(host);
  return async () => {
    const batch = [...(await tables(host)).map((table) => `delete table ${table}`), ...native, ''].join('\n');
    await host.run(['nft', '-f', '-'], { input: batch });
    if (four.stdout.trim() !== '') await host.run(['iptables-restore'], { input: four.stdout });
    if (six.stdout.trim() !== '') await host.run(['ip6tables-restore'], { input: six.stdout });
    // iptables-restore makes the built-in chains that nobody had used yet.
    const made = (await chains(host)).filter((chain) => !before.has(chain)).map((chain) => `delete chain ${chain}\n`);
    await host.run(['nft', '-f', '-'], { input: made.join('') });
  };
}

/** Every chain as `nft delete chain` takes it: family, table, name. */
async function chains(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['nft', '--json', 'list', 'chains']);
  return chainsSchema
    .parse(JSON.parse(stdout))
    .nftables.flatMap(({ chain }) => (chain === undefined ? [] : [`${chain.family} ${chain.table} ${chain.name}`]));
}

async function tables(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['nft', 'list', 'tables']);
  return stdout.split('\n').flatMap((line) => (line.startsWith('table ') ? [line.slice('table '.length)] : []));
}

async function listNative(host: Host): Promise<readonly string[]> {
  const listed: string[] = [];
  for (const table of await tables(host)) {
    if (IPTABLES.test(table)) continue;
    listed.push((await host.run(['nft', 'list', 'table', ...table.split(' ')])).stdout);
  }
  return listed;
}
