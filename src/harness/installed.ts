/** Whether a host has what a client needs: in a lab of containers it is not the machine the harness runs on. */
import type { Host, Need, TorrentClient } from './contracts.ts';
import { Unsupported } from './errors.ts';

/** Throws `Unsupported` with the packages that the host lacks. */
export async function assertInstalled(
  { title, needs }: Pick<TorrentClient, 'title' | 'needs'>,
  host: Host,
): Promise<void> {
  const found = await Promise.all(needs.map((need) => has(host, need)));
  const absent = [...new Set(needs.flatMap((need, index) => (found[index] === true ? [] : [need.package])))];
  if (absent.length === 0) return;
  throw new Unsupported(`${title} is not installed on ${host.name}: it lacks the package ${absent.join(', ')}`);
}

async function has(host: Host, { command }: Need): Promise<boolean> {
  const argv = command.startsWith('/') ? (['test', '-x', command] as const) : (['which', command] as const);
  return (await host.run(argv, { anyStatus: true })).status.code === 0;
}
